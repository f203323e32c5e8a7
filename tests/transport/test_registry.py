"""From URL to transport: the schemes, and plug-ins by entry point."""

import sys
from pathlib import Path

import pytest

from mailkit.errors import ConfigError
from mailkit.transport import (
    ConsoleTransport,
    FailoverTransport,
    FileTransport,
    MaildirTransport,
    MboxTransport,
    MemoryTransport,
    NullTransport,
    RedirectTransport,
    RoundRobinTransport,
    SendmailTransport,
    SmtpTransport,
    Transport,
    Url,
    open_transport,
)

PLUGIN = """\
from mailkit.transport import NullTransport


class PigeonTransport(NullTransport):
    def __init__(self, url):
        self.name = f"pigeon:{url.host}"
        self.wings = url.take(("wings",)).get("wings")


def hatch(url):
    return PigeonTransport(url)
"""


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("smtp://mail.example.com", SmtpTransport),
        ("smtps://mail.example.com", SmtpTransport),
        ("console:", ConsoleTransport),
        ("memory:", MemoryTransport),
        ("null:", NullTransport),
        ("NULL:", NullTransport),
        ("file:outbox", FileTransport),
        ("maildir:Maildir", MaildirTransport),
        ("mbox:mail", MboxTransport),
        ("sendmail:", SendmailTransport),
        ("failover(null:)", FailoverTransport),
        ("RoundRobin(null: null:)", RoundRobinTransport),
        ("redirect(null:)?to=dev@example.com", RedirectTransport),
    ],
)
def test_open_when_a_scheme_is_known_then_its_transport_is_made(url: str, kind: type[Transport]) -> None:
    """Nothing is connected or written yet."""
    assert type(open_transport(url)) is kind


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file:outbox", "outbox"),
        ("file:out/box", "out/box"),
        ("file:///var/out%20box", "/var/out box"),
        ("file:/a", "/a"),
    ],
)
def test_open_when_a_file_url_names_a_folder_then_it_is_that_folder(url: str, folder: str) -> None:
    """Relative after the colon, absolute after two slashes and an empty host."""
    transport = open_transport(url)
    assert isinstance(transport, FileTransport)
    assert transport.folder == Path(folder)


def test_open_when_given_a_transport_then_it_is_used_as_it_is() -> None:
    """A program may make its own."""
    transport = NullTransport()
    assert open_transport(transport) is transport


def test_open_when_given_a_url_in_parts_then_it_is_opened_too() -> None:
    """A plug-in opens the URLs within its own that way."""
    assert type(open_transport(Url.parse("null:"))) is NullTransport


@pytest.fixture
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution with a transport in it."""
    (tmp_path / "mailkit_pigeon.py").write_text(PLUGIN)
    metadata = tmp_path / "mailkit_pigeon-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mailkit-pigeon\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mailkit.transports]\npigeon = mailkit_pigeon:hatch\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mailkit_pigeon", raising=False)


@pytest.mark.usefixtures("pigeon")
def test_open_when_a_plugin_is_installed_then_its_scheme_works() -> None:
    """The plug-in is given the URL, taken apart."""
    transport = open_transport("pigeon://loft.example.com?wings=2")
    assert transport.name == "pigeon:loft.example.com"
    assert getattr(transport, "wings", "") == "2"


@pytest.mark.usefixtures("pigeon")
def test_open_when_a_plugin_gets_an_unknown_option_then_it_is_refused_as_everywhere() -> None:
    """Plug-ins have the same guard against typos."""
    with pytest.raises(ConfigError, match="no option 'legs'"):
        open_transport("pigeon://loft.example.com?legs=2")


def test_open_when_no_plugin_has_the_scheme_then_the_known_ones_are_listed() -> None:
    """The hint is the list."""
    with pytest.raises(ConfigError) as caught:
        open_transport("pigeon://loft.example.com")
    assert "smtp" in caught.value.hint


@pytest.mark.usefixtures("pigeon")
def test_open_when_a_plugin_is_installed_then_it_works_within_others_and_is_among_what_there_is() -> None:
    """A plug-in is a transport like any other."""
    transport = open_transport("failover(pigeon://loft.example.com null:)")
    assert transport.name == "failover(pigeon:loft.example.com null:)"
    with pytest.raises(ConfigError) as caught:
        open_transport("pidgeon:")
    assert caught.value.hint.startswith("Did you mean pigeon?")
    assert "plug-ins: pigeon" in caught.value.hint
