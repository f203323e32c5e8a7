"""Messages as files."""

import json
from pathlib import Path

import pytest

from mailkit import MessageBuilder, clock
from mailkit.errors import ConfigError, TransportError
from mailkit.testing import FrozenClock
from mailkit.transport import FileTransport
from tests.kit.twins import TRANSPORTS, TransportTwin

MESSAGE = MessageBuilder().from_("ada@example.com").to("zoe@exämple.com").bcc("eve@example.com").text("Hello").build()


@pytest.mark.parametrize("twin", TRANSPORTS)
def test_deliver_when_the_folder_is_not_there_then_it_is_made_and_holds_the_exact_bytes(
    twin: TransportTwin, tmp_path: Path
) -> None:
    """The message as it would go over the wire, and its envelope beside it."""
    folder = tmp_path / "out" / "box"
    with twin(FileTransport(folder)) as transport:
        outcomes = transport.deliver(MESSAGE)
    (path,) = folder.glob("*.eml")
    assert path.read_bytes() == bytes(MESSAGE)
    assert json.loads(path.with_suffix(".json").read_text("utf-8")) == {
        "sender": "ada@example.com",
        "recipients": ["zoe@exämple.com", "eve@example.com"],
    }
    assert [outcome.queue_id for outcome in outcomes] == [path.stem] * 2
    assert sorted(found.suffix for found in folder.iterdir()) == [".eml", ".json"]


def test_deliver_when_time_passes_then_names_sort_by_it(tmp_path: Path) -> None:
    """The oldest message comes first in every listing."""
    frozen = FrozenClock()
    with clock.using(frozen):
        transport = FileTransport(tmp_path)
        written = []
        for _ in range(5):
            (outcome, *_) = transport.deliver(MESSAGE.envelope(), MESSAGE)
            written.append(outcome.queue_id)
            frozen.advance(0.25)
    assert sorted(written) == written
    assert len({*written}) == 5


def test_deliver_when_the_folder_is_a_file_then_the_error_names_it(tmp_path: Path) -> None:
    """The operating system's words, with the place."""
    (tmp_path / "box").write_text("")
    with pytest.raises(TransportError, match="box"):
        FileTransport(tmp_path / "box").deliver(MESSAGE.envelope(), MESSAGE)


def test_verify_when_the_folder_can_be_made_then_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    """Verifying sends nothing, and leaves nothing."""
    assert "can write" in FileTransport(tmp_path / "a" / "b").verify()[0]
    assert list(tmp_path.iterdir()) == []


def test_verify_when_a_file_is_in_the_way_then_it_fails(tmp_path: Path) -> None:
    """Before the first message, not at it."""
    (tmp_path / "box").write_text("")
    with pytest.raises(ConfigError, match="box"):
        FileTransport(tmp_path / "box" / "deeper").verify()
