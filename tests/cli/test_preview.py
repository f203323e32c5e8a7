"""``mailkit preview``: a process that is started, looked at and ended, and what it says when it cannot."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.command import Command
from tests.kit.web import Web


@pytest.fixture
def templates(folder: Path) -> Path:
    """A folder of templates where the command looks for one."""
    (folder / "templates").mkdir()
    (folder / "templates" / "a.html").write_text("Subject: Hi {{ name }}\n\n<p>{{ name }}</p>")
    (folder / "templates" / "a.sample.json").write_text('{"name": "Sample"}')
    (folder / "data.json").write_text('{"name": "Zoë"}', encoding="utf-8")
    return folder / "templates"


@contextmanager
def running(*arguments: str, end: signal.Signals = signal.SIGINT) -> Iterator[Web]:
    """Run the command until the block ends, and expect it to end well and quietly."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mailkit", "preview", "--port", "0", "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        told = json.loads(process.stdout.readline() or "null")
        assert told, process.communicate()[1]
        assert told["page"] == f"http://127.0.0.1:{told['port']}/"
        yield Web(told["port"])
        process.send_signal(end)
        out, said = process.communicate(timeout=30)
        assert (process.returncode, out, said) == (0, "", "")
    finally:
        process.kill()
        process.communicate()


def shown(web: Web) -> tuple[str, str]:
    """Which template the page begins with, and its subject."""
    name = web.get("/api/info").json["chosen"]
    return name, web.ask("POST", "/api/previews", body={"template": name}).json["subject"]


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("templates")
def test_preview_when_run_then_the_folders_templates_are_shown_until_it_is_ended(end: signal.Signals) -> None:
    """With no word at the end."""
    with running(end=end) as web:
        assert [one["name"] for one in web.get("/api/templates").json["templates"]] == ["a.html"]
        assert web.get("/api/info").json["chosen"] == ""


@pytest.mark.slow
@pytest.mark.usefixtures("templates")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("a.html",), ("a.html", "Hi Sample")),
        (("templates/a.html",), ("a.html", "Hi Sample")),
        (("a.html", "--data", "data.json"), ("a.html", "Hi Zoë")),
        (("a.html", "--templates", "templates", "--context", "data.json"), ("a.html", "Hi Zoë")),
    ],
)
def test_preview_when_a_template_is_named_then_it_comes_first(
    arguments: tuple[str, ...], expected: tuple[str, str]
) -> None:
    """By its path or its name, with its sample or other data."""
    with running(*arguments) as web:
        assert shown(web) == expected


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_preview_when_there_is_no_folder_then_the_starters_are_shown() -> None:
    """One of them first, by its short name."""
    with running("receipt", "--locale", "de") as web:
        assert shown(web)[0] == "mailkit:receipt.html"
        assert web.get("/api/info").json["locale"] == "de"
        assert len(web.get("/api/templates").json["templates"]) == 10


@pytest.mark.usefixtures("templates")
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("b.html",), "there is no template 'b.html'"),
        (("a.html", "--data", "nope.json"), "cannot read 'nope.json'"),
        (("a.html", "--data", "templates/a.html"), "templates/a.html:1:"),
        (("--data", "data.json"), "--data is for one template"),
        (("--templates", "nowhere"), "there is no template folder 'nowhere'"),
        (("--spam", "http://x"), "spamd://"),
        (("--from", "nobody"), "nobody"),
        (("--translations", "nowhere"), "no folder of translations"),
        (("--inliner", "nope"), "no inliner 'nope'"),
    ],
)
def test_preview_when_something_makes_no_sense_then_it_says_which(
    mailkit: Command, arguments: tuple[str, ...], word: str
) -> None:
    """At once, with what to do, and without a traceback."""
    ended = mailkit("preview", "--port", "0", *arguments)
    assert ended.code == 2
    assert word in " ".join(ended.err.split())
    assert "Traceback" not in ended.all


def test_preview_when_the_port_is_taken_then_it_says_so_at_once(mailkit: Command, templates: Path) -> None:
    """And how to have another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = mailkit("preview", "--templates", templates, "--port", port)
    assert ended.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.err
    assert "0 for a free one" in " ".join(ended.err.split())
