"""The last word before anybody may be given a message: asked by every transport, in both halves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from mailkit.errors import MailkitError, MessageWithheld
from mailkit.message import Message, MessageBuilder
from mailkit.transport import Delivered, Parcel, open_transport
from tests.kit.relay import relay


def messages(count: int) -> list[Message]:
    base = MessageBuilder().from_("ada@example.com").subject("x").text("x")
    return [base.to(f"n{number}@example.com").build() for number in range(count)]


class Seal:
    """Withholds some, and remembers whom it was asked about."""

    def __init__(self, *withheld: str) -> None:
        self.withheld = withheld
        self.asked: list[str] = []

    def __call__(self, parcels: list[Parcel]) -> list[bool]:
        found = [parcel.envelope.recipients[0].email for parcel in parcels]
        self.asked += found
        return [email not in self.withheld for email in found]

    async def wait(self, parcels: list[Parcel]) -> list[bool]:
        await asyncio.sleep(0)
        return self(parcels)


def blocking(url: str, take: Callable[[], Parcel | None], seal: Seal) -> list[Delivered]:
    transport = open_transport(url)
    try:
        return list(transport.deliver_many(take, seal))
    finally:
        transport.close()


def in_a_loop(url: str, take: Callable[[], Parcel | None], seal: Seal) -> list[Delivered]:
    async def collect() -> list[Delivered]:
        transport = open_transport(url)
        try:
            many: AsyncIterator[Delivered] = transport.adeliver_many(take, seal.wait)
            async with aclosing(many) as delivered:  # type: ignore[type-var]
                return [one async for one in delivered]
        finally:
            await transport.aclose()

    return asyncio.run(collect())


@pytest.mark.parametrize("half", [blocking, in_a_loop])
@pytest.mark.parametrize("options", ["", "?window=0", "memory:"])
def test_seal_when_one_is_withheld_then_it_reaches_nobody_and_the_others_do(
    half: Callable[..., list[Delivered]], options: str
) -> None:
    """By chunks, by DATA (where the session ends, and those behind go over another), and without a server."""
    seal = Seal("n1@example.com")
    parcels = iter([Parcel(message.envelope(), message) for message in messages(4)])
    with relay() as server:
        url = options if options == "memory:" else server.url + options
        found = {
            parcel.envelope.recipients[0].email: result
            for parcel, result in half(url, lambda: next(parcels, None), seal)
        }
        assert sorted(server.copies) == ([] if options == "memory:" else [f"n{n}@example.com" for n in (0, 2, 3)])
    assert isinstance(found.pop("n1@example.com"), MessageWithheld)
    assert len(found) == 3
    assert not any(isinstance(result, MailkitError) for result in found.values())
    assert set(seal.asked) == {f"n{number}@example.com" for number in range(4)}
