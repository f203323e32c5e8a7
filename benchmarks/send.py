"""Sending 4 KB messages over one connection on the loopback, against smtplib, to a server in a process of its own."""

import shutil
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.compose import mailkit_receipt
from benchmarks.measure import compare
from mailkit import Envelope, Mailer, Message

SINK = """
import sys, threading
from mailkit.net import Listener
from mailkit.smtp import Policy
with Listener(Policy(), port=int(sys.argv[1])):
    threading.Event().wait()
"""


@contextmanager
def sink() -> Iterator[int]:
    """Start Postfix's smtp-sink where it is installed, otherwise mailkit's own server; it takes all mail and keeps none."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")
    command = (
        [program, "-u", "nobody", f"127.0.0.1:{port}", "100"] if program else [sys.executable, "-c", SINK, str(port)]
    )
    print(f"\nThe server is {program or 'mailkit'}.")
    server = subprocess.Popen(command)
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            continue
        return


def run() -> None:
    message = Message.parse(mailkit_receipt())
    envelope = Envelope("shop@example.com", "zoe@example.com")
    data = bytes(message)
    with (
        sink() as port,
        Mailer(f"smtp://127.0.0.1:{port}/?tls=off&max_messages=1000000") as mailer,
        smtplib.SMTP("127.0.0.1", port) as client,
    ):
        compare(
            "Sending a receipt over one connection",
            {
                "mailkit": lambda: mailer.send(message, envelope=envelope),
                "smtplib": lambda: client.sendmail("shop@example.com", ["zoe@example.com"], data),
            },
            times=300,
        )
