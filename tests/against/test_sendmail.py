"""The sendmail program of a real Postfix: what it puts into its queue is what it was given."""

import os
import subprocess
from pathlib import Path

import pytest

from mailkit import Envelope, MessageBuilder
from mailkit.transport import SendmailTransport, Status
from tests.kit.postfix import Postfix

MESSAGE = (
    MessageBuilder()
    .from_("ada@example.com")
    .to("bob@mailkit.test")
    .bcc("eve@mailkit.test")
    .text("Hello\n.\n.dot\nFrom here\n")
    .build()
)

PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

pytestmark = pytest.mark.slow


def queued(postfix: Postfix, path: Path) -> list[str]:
    """What lies in the queue, as Postfix's own program reads it; this Postfix does not pick it up."""
    command = ["postcat", "-c", str(postfix.folder), str(path)]
    read = subprocess.run(command, env={"PATH": PATH}, capture_output=True, check=True)
    return read.stdout.decode().splitlines()


@pytest.mark.parametrize(
    ("envelope", "sender", "recipients"),
    [
        (MESSAGE.envelope(), "ada@example.com", ["bob@mailkit.test", "eve@mailkit.test"]),
        (Envelope(None, "bob@mailkit.test"), "", ["bob@mailkit.test"]),
        # Postfix keeps local parts without their quotes.
        (
            Envelope("zoë@example.com", ['"two words"@mailkit.test', "a+b@mailkit.test", "|cat@mailkit.test"]),
            "zoë@example.com",
            ["two words@mailkit.test", "a+b@mailkit.test", "|cat@mailkit.test"],
        ),
        (
            Envelope("ada@example.com", ["-bob@mailkit.test", "eve@mailkit.test"]),
            "ada@example.com",
            ["eve@mailkit.test"],
        ),
    ],
    ids=["blind copy", "null sender", "odd addresses", "dash"],
)
def test_deliver_when_postfix_takes_it_then_its_queue_has_the_envelope_and_every_line(
    postfix: Postfix, tmp_path: Path, envelope: Envelope, sender: str, recipients: list[str]
) -> None:
    """No line of the text ends the message, and no address is more than an address."""
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\nPATH="{PATH}" exec sendmail -C "{postfix.folder}" "$@"\n')
    program.chmod(0o700)
    folder = postfix.spool / "queue" / "maildrop"
    before = set(folder.iterdir())
    outcomes = SendmailTransport(program).deliver(envelope, MESSAGE)
    taken = [outcome for outcome in outcomes if outcome.status is Status.ACCEPTED]
    assert len(taken) == len(recipients)
    (path,) = set(folder.iterdir()) - before
    lines = queued(postfix, path)
    assert [line for line in lines if line.startswith("sender:")] == [f"sender: {sender}"]
    assert [line for line in lines if line.startswith("recipient:")] == [f"recipient: {one}" for one in recipients]
    start = next(number for number, line in enumerate(lines) if line.startswith("*** MESSAGE CONTENTS")) + 1
    content = "\n".join(lines[start:]).partition("\n*** ")[0]
    assert content.strip() == bytes(MESSAGE).decode().replace("\r\n", "\n").strip()
