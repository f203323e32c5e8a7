"""Sending messages of 4 KB over the loopback and over a round trip of 40 ms, beside smtplib, aiosmtplib, nodemailer and
smtp-source. Each is given messages that are written already: what is measured is sending alone."""

import asyncio
import gc
import resource
import shutil
import smtplib
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiosmtplib

from benchmarks.compose import mailkit_receipt
from benchmarks.measure import ROUNDS
from benchmarks.servers import PATH, delayed, postfix, sink
from mailkit import AsyncMailer, Envelope, Mailer, Message

SENDER, RECIPIENT = "shop@example.com", "zoe@example.com"
_RAW = mailkit_receipt()
_MAIL = (Envelope(SENDER, RECIPIENT), Message.parse(_RAW))
_OPTIONS = "tls=off&max_messages=9999999"

Contender = Callable[[int], tuple[float, float]]
"""Sends so many messages; tells the seconds and the CPU seconds that it took."""


def measured(work: Callable[[], None]) -> tuple[float, float]:
    gc.collect()
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def race(title: str, contenders: dict[str, tuple[Contender, int]], *, base: str, aims: dict[str, float]) -> None:
    """Print the medians of five rounds. Each contender comes with how many messages it sends in a round."""
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for work, _ in contenders.values():
        work(2)
    for _ in range(ROUNDS):
        for name, (work, count) in contenders.items():
            seconds, cpu = work(count)
            rounds[name].append((count / seconds, cpu / count * 1000))
    rates = {name: statistics.median(rate for rate, _ in found) for name, found in rounds.items()}
    print(f"\n{title}")
    for name, found in rounds.items():
        cpu = statistics.median(cpu for _, cpu in found)
        spread = f"{min(rate for rate, _ in found):,.0f} to {max(rate for rate, _ in found):,.0f}"
        said = f"{cpu:6.3f} s CPU for 1,000" if cpu else " " * 22
        aim = f"   aim {aims[name]:g}×" if name in aims else ""
        print(f"  {name:<34} {rates[name]:>9,.1f}/s {rates[name] / rates[base]:>7.2f}×  {said}  ({spread}){aim}")


# -- the contenders ----------------------------------------------------------------------------------------------------


def mailkit_many(port: int, *, window: int = 0) -> Contender:
    def work(count: int) -> tuple[float, float]:
        with Mailer(f"smtp://127.0.0.1:{port}?{_OPTIONS}&window={window}") as mailer:
            next(iter(mailer.send_many([_MAIL])))  # the connection is there

            def send() -> None:
                assert sum(len(receipt.accepted) for receipt in mailer.send_many([_MAIL] * count)) == count

            return measured(send)

    return work


def mailkit_one_by_one(port: int) -> Contender:
    def work(count: int) -> tuple[float, float]:
        with Mailer(f"smtp://127.0.0.1:{port}?{_OPTIONS}") as mailer:
            envelope, message = _MAIL
            mailer.send(message, envelope=envelope)
            return measured(lambda: [mailer.send(message, envelope=envelope) for _ in range(count)] and None)

    return work


def standard(port: int) -> Contender:
    def work(count: int) -> tuple[float, float]:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            return measured(lambda: [client.sendmail(SENDER, [RECIPIENT], _RAW) for _ in range(count)] and None)

    return work


def in_a_loop(work: Callable[[int], Awaitable[tuple[float, float]]]) -> Contender:
    return lambda count: asyncio.run(work(count))  # type: ignore[arg-type]


async def _measured(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    gc.collect()
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    await work()
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def mailkit_async(port: int, *, connections: int = 1, window: int = 0) -> Contender:
    async def work(count: int) -> tuple[float, float]:
        async with AsyncMailer(f"smtp://127.0.0.1:{port}?{_OPTIONS}&window={window}") as mailer:

            async def send(share: int) -> None:
                accepted = [receipt.accepted async for receipt in mailer.send_many([_MAIL] * share)]
                assert all(accepted)
                assert len(accepted) == share

            await asyncio.gather(*(send(1) for _ in range(connections)))
            return await _measured(lambda: asyncio.gather(*(send(count // connections) for _ in range(connections))))

    return in_a_loop(work)


def aio(port: int, *, connections: int = 1) -> Contender:
    async def work(count: int) -> tuple[float, float]:
        clients = [aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) for _ in range(connections)]
        for client in clients:
            await client.connect()
            await client.ehlo()

        async def send(client: aiosmtplib.SMTP) -> None:
            for _ in range(count // connections):
                await client.sendmail(SENDER, [RECIPIENT], _RAW)

        try:
            return await _measured(lambda: asyncio.gather(*map(send, clients)))
        finally:
            for client in clients:
                await client.quit()

    return in_a_loop(work)


def nodemailer(port: int) -> Contender | None:
    node, script = shutil.which("node"), Path(__file__).with_name("nodemailer.mjs")
    if node is None or not (script.parents[1] / "tests/against/judges/node_modules/nodemailer").exists():
        return None

    def work(count: int) -> tuple[float, float]:
        done = subprocess.run(
            [node, str(script), str(port), str(count), str(len(_RAW))], check=True, capture_output=True, text=True
        )
        seconds, cpu = map(float, done.stdout.split())
        return seconds, cpu

    return work


def smtp_source(port: int) -> Contender | None:
    program = shutil.which("smtp-source", path=PATH)
    if program is None:
        return None

    def work(count: int) -> tuple[float, float]:
        command = [program, "-d", "-s", "1", "-m", str(count), "-l", str(len(_RAW)), "-f", SENDER, "-t", RECIPIENT]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*command, f"127.0.0.1:{port}"], check=True)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return work


def _with(contenders: dict[str, tuple[Contender | None, int]]) -> dict[str, tuple[Contender, int]]:
    return {name: (work, count) for name, (work, count) in contenders.items() if work is not None}


# -- the races ---------------------------------------------------------------------------------------------------------


def loopback(name: str, port: int, count: int, *, window: int) -> None:
    is_judged = not window  # a real Postfix is itself the limit on the loopback: there the CPU counts
    windowed = {f"mailkit, window of {window}": (mailkit_many(port, window=window), count)} if window else {}
    race(
        f"{name}, one connection, blocking",
        _with(
            {
                **windowed,
                "mailkit, many": (mailkit_many(port), count),
                "mailkit, one by one": (mailkit_one_by_one(port), count),
                "smtplib": (standard(port), count),
                "nodemailer's pool": (nodemailer(port), count),
                "smtp-source (C)": (smtp_source(port), count),
            }
        ),
        base="smtplib",
        aims={"mailkit, many": 2.5} if is_judged else {},
    )
    race(
        f"{name}, asyncio",
        {
            "mailkit, one connection": (mailkit_async(port), count),
            "aiosmtplib, one connection": (aio(port), count),
        },
        base="aiosmtplib, one connection",
        aims={"mailkit, one connection": 3} if is_judged else {},
    )
    race(
        f"{name}, asyncio, ten connections",
        {
            "mailkit, ten connections": (mailkit_async(port, connections=10), count),
            "aiosmtplib, ten connections": (aio(port, connections=10), count),
        },
        base="aiosmtplib, ten connections",
        aims={"mailkit, ten connections": 2} if is_judged else {},
    )


def far(port: int) -> None:
    with delayed(port, 0.040) as link:
        race(
            "Postfix behind a round trip of 40 ms, one connection",
            _with(
                {
                    "mailkit, window of 64 (CHUNKING)": (mailkit_many(link, window=64), 1500),
                    "mailkit, window of 16 (CHUNKING)": (mailkit_many(link, window=16), 400),
                    "mailkit, many (PIPELINING)": (mailkit_many(link), 60),
                    "mailkit, one by one": (mailkit_one_by_one(link), 30),
                    "smtplib": (standard(link), 15),
                    "nodemailer's pool": (nodemailer(link), 30),
                }
            ),
            base="smtplib",
            aims={"mailkit, window of 64 (CHUNKING)": 80, "mailkit, many (PIPELINING)": 3.5},
        )


def run() -> None:
    with sink() as port:
        loopback("smtp-sink", port, 2000, window=0)
    with postfix() as port:
        loopback("Postfix that discards", port, 500, window=16)
        far(port)
