"""The gate: where tests stand to see to it that no mail leaves, or to take it in."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailkit import AsyncMailer, Campaign, Mailer, Message, MessageBuilder, Templates
from mailkit.errors import ConfigError, ConnectError
from mailkit.transport import Gate, MemoryTransport, Transport, gate
from tests.kit.peers import free_port

MESSAGE: Message = MessageBuilder().from_("ada@example.com").to("bob@example.com").subject("Hi").text("Hi").build()


@dataclass
class Detour(Gate):
    """Everything goes into memory."""

    memory: MemoryTransport = field(default_factory=MemoryTransport)

    def route(self, transport: Transport) -> Transport:
        return self.memory


@dataclass
class Shut(Gate):
    """Nothing connects."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    def leaving(self, name: str, host: str) -> None:
        self.seen.append((name, host))
        raise ConfigError("shut")


def test_a_mailer_made_before_takes_the_detour_while_it_lasts() -> None:
    """An application's mailer is often made once, long before a test."""
    mailer, detour = Mailer("memory:"), Detour()
    with gate.standing(detour):
        mailer.send(MESSAGE)
    mailer.send(MESSAGE)
    assert len(detour.memory.sent) == 1
    assert isinstance(mailer.transport, MemoryTransport)
    assert len(mailer.transport.sent) == 1


def test_all_ways_of_sending_take_the_detour() -> None:
    """One message, many, with asyncio and without."""
    detour = Detour()

    async def main() -> None:
        async with AsyncMailer("smtp://mail.invalid") as mailer:
            await mailer.send(MESSAGE)
            assert [len(receipt.accepted) async for receipt in mailer.send_many([MESSAGE])] == [1]

    with gate.standing(detour):
        with Mailer("failover(smtp://mail.invalid smtp://other.invalid)") as mailer:
            mailer.send(MESSAGE)
            assert [len(receipt.accepted) for receipt in mailer.send_many([MESSAGE, MESSAGE])] == [1, 1]
        asyncio.run(main())
    assert len(detour.memory.sent) == 5


def test_a_campaign_takes_the_detour(tmp_path: Path) -> None:
    """What a test of a newsletter sends stays in the test."""
    detour = Detour()
    campaign = Campaign(
        template="a.txt",
        templates=Templates({"a.txt": "Subject: Hi\n\nHi {{ name }}\n"}),
        recipients=[{"email": "zoe@example.com", "name": "Zoë"}],
        from_="ada@example.com",
        journal=tmp_path / "journal.db",
    )
    with gate.standing(detour), Mailer("smtp://mail.invalid") as mailer:
        campaign.send(mailer)
    assert [message.to[0].email for message in detour.memory.messages] == ["zoe@example.com"]


@pytest.mark.parametrize("half", ["blocking", "asyncio"])
def test_a_shut_gate_is_asked_before_anything_is_connected(half: str) -> None:
    """It is told where to, without the password, and its error comes out at once, without another attempt."""
    shut = Shut()

    def send() -> None:
        if half == "asyncio":
            asyncio.run(AsyncMailer("smtp://ada:hunter2@mail.invalid:587").send(MESSAGE))
        else:
            Mailer("smtp://ada:hunter2@mail.invalid:587").send(MESSAGE)

    with gate.standing(shut), pytest.raises(ConfigError, match="shut"):
        send()
    assert [host for _, host in shut.seen] == ["mail.invalid"]
    assert "hunter2" not in repr(shut.seen)


def test_a_program_is_not_run_behind_a_shut_gate(tmp_path: Path) -> None:
    """A sendmail program hands mail on to anywhere."""
    program = tmp_path / "sendmail"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    program.chmod(0o755)
    shut = Shut()
    with gate.standing(shut), pytest.raises(ConfigError, match="shut"):
        Mailer(f"sendmail:{program}").send(MESSAGE)
    assert shut.seen == [(f"sendmail:{program}", "")]
    assert not (tmp_path / "was-run").exists()


def test_every_gate_is_asked_and_nobody_stands_there_afterwards() -> None:
    """Gates within gates: a detour lifts no ban, and what fails in the block leaves nobody behind."""
    shut, detour = Shut(), Detour()
    transport = Mailer(f"smtp://127.0.0.1:{free_port()}").transport
    with pytest.raises(ConfigError, match="shut"), gate.standing(shut), gate.standing(detour):
        transport.deliver(MESSAGE.envelope(), MESSAGE)
    with pytest.raises(ConnectError):
        transport.deliver(MESSAGE.envelope(), MESSAGE)
