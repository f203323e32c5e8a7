"""``mailkit render``."""

import json
from pathlib import Path

import pytest

from mailkit import Message
from tests.kit.command import Command


@pytest.fixture(autouse=True)
def _templates(folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "a.html").write_text(
        "Subject: Hi {{ name }}\n\n<style>p { top: 0 }</style><p>Dear {{ name }}</p>"
    )
    (folder / "templates" / "a.sample.json").write_text('\ufeff{"name": "Sample"}')
    (folder / "templates" / "b.txt").write_text("Dear {{ name }},")
    (folder / "data.json").write_text('{"name": "Zoë"}')


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["a.html", "--context", "data.json"], '<html><head></head><body><p style="top:0">Dear Zoë</p></body>'),
        (["a.html", "--context", "data.json", "--as", "text"], "Dear Zoë\n"),
        (["a.html", "--set", "name=Bob", "--as", "text"], "Dear Bob\n"),
        (["a.html", "--context", "data.json", "--set", "name=Bob", "--as", "text"], "Dear Bob\n"),
        (["a.html", "--as", "text"], "Dear Sample\n"),
        (["templates/a.html", "--as", "text"], "Dear Sample\n"),
        (["b.txt", "--context", "data.json"], "Dear Zoë,"),
        (
            ["a.html", "--as", "eml", "--from", "ada@example.com", "--to", "bob@example.com"],
            "From: ada@example.com\r\nTo: bob@",
        ),
    ],
)
def test_render_prints_what_is_asked_for(mailkit: Command, arguments: list[str], start: str) -> None:
    """HTML, text or the whole message, with given data or with the sample beside the template."""
    ended = mailkit("render", *arguments)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(start)


def test_render_with_out_writes_every_file(mailkit: Command, folder: Path) -> None:
    """The endings say what is written; standard output stays empty."""
    ended = mailkit("render", "a.html", "-o", "p.html", "-o", "p.txt", "-o", "p.eml", "--from", "a@example.com")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.count("wrote") == 3
    assert "Dear Sample" in (folder / "p.html").read_text()
    assert (folder / "p.txt").read_text() == "Dear Sample\n"
    message = Message.parse((folder / "p.eml").read_bytes())
    assert (message.subject, message.to) == ("Hi Sample", ())


def test_render_as_json_gives_the_parts(mailkit: Command) -> None:
    """A program gets headers, text and HTML."""
    told = json.loads(mailkit("render", "a.html", "--json").out)
    assert (told["headers"], told["text"]) == ({"Subject": "Hi Sample"}, "Dear Sample\n")
    assert "top:0" in told["html"]


def test_render_with_a_broken_sample_says_where(mailkit: Command, folder: Path) -> None:
    """The sample file is named."""
    (folder / "templates" / "a.sample.json").write_text("{")
    ended = mailkit("render", "a.html")
    assert (ended.code, "a.sample.json:1" in ended.err) == (2, True)
