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


# -- language and inliner ----------------------------------------------------------------------------------------------


@pytest.fixture
def _spoken(folder: Path) -> None:
    templates = folder / "templates"
    (templates / "c.html").write_text(
        "Subject: {{ _('Hello') }} {{ name }}\n\n<style>p { color: red } a:hover { top: 0 }</style>"
        "<p>{% trans %}Thank you{% endtrans %}, {{ 1234.5 | number }}, {{ '2026-11-24' | date }}</p>"
    )
    (templates / "c.sample.json").write_text('{"name": "Sample"}')
    (templates / "d.html").write_text("Subject: English\n\n<p>{{ locale }}</p>")
    (templates / "d.de.html").write_text("Subject: Deutsch\n\n<p>Sprache {{ locale }}</p>")
    catalogue = folder / "spoken" / "de" / "LC_MESSAGES"
    catalogue.mkdir(parents=True)
    (catalogue / "messages.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Hello"\nmsgstr "Hallo"\n\nmsgid "Thank you"\nmsgstr "Danke schön"\n'
    )


@pytest.mark.usefixtures("_spoken")
@pytest.mark.parametrize(
    ("flags", "subject", "text"),
    [
        ([], "Hello Sample", "Thank you, 1,234.5, Nov 24, 2026\n"),
        (["--locale", "de"], "Hello Sample", "Thank you, 1.234,5, 24.11.2026\n"),
        (["--translations", "spoken"], "Hello Sample", "Thank you, 1,234.5, Nov 24, 2026\n"),
        (["--translations", "spoken", "--locale", "de"], "Hallo Sample", "Danke schön, 1.234,5, 24.11.2026\n"),
        (["--translations", "spoken", "--locale", "de_CH"], "Hallo Sample", "Danke schön, 1’234.5, 24.11.2026\n"),
        (
            ["--translations", "spoken", "--set", "locale=de", "--set", "name=B"],
            "Hallo B",
            "Danke schön, 1.234,5, 24.11.2026\n",
        ),
    ],
)
def test_render_with_a_language_speaks_it(mailkit: Command, flags: list[str], subject: str, text: str) -> None:
    """Catalogue, numbers and dates."""
    told = json.loads(mailkit("render", "c.html", "--json", *flags).out)
    assert (told["headers"]["Subject"], told["text"]) == (subject, text)


@pytest.mark.usefixtures("_spoken")
@pytest.mark.parametrize(
    ("locale", "subject", "text"),
    [
        ("de", "Deutsch", "Sprache de\n"),
        ("de-AT", "Deutsch", "Sprache de-AT\n"),
        ("en", "English", "en\n"),
        ("fr", "English", "fr\n"),
    ],
)
def test_render_with_a_language_takes_its_file(mailkit: Command, locale: str, subject: str, text: str) -> None:
    """The file of the language if it is there, or else the original; a setting does what the flag does."""
    told = json.loads(mailkit("render", "d.html", "--locale", locale, "--json").out)
    assert (told["headers"]["Subject"], told["text"]) == (subject, text)
    Path("mailkit.toml").write_text(f'locale = "{locale}"\n')
    assert json.loads(mailkit("render", "d.html", "--json").out) == told


@pytest.mark.usefixtures("_spoken")
@pytest.mark.parametrize(
    ("inliner", "start"),
    [
        ("premailer", "<html><head><style>a:hover {"),
        ("css-inline", "<html><head><style>a:hover {"),
        ("none", "<style>p { color: red } a:hover { top: 0 }</style><p>Thank"),
    ],
)
def test_render_with_each_inliner_inlines_or_does_not(mailkit: Command, inliner: str, start: str) -> None:
    """All three are known by their names."""
    ended = mailkit("render", "c.html", "--inliner", inliner)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(start)
    assert ("<p style=" in ended.out) == (inliner != "none")


@pytest.mark.parametrize(
    ("flags", "said", "hint"),
    [
        (["--inliner", "juice"], "there is no inliner 'juice'", "'css-inline'"),
        (["--locale", "german please"], "'german please' is no language", "de-AT"),
        (["--translations", "nope"], "there is no folder of translations 'nope'", ""),
    ],
)
def test_render_with_a_language_or_inliner_that_is_not_there_says_so(
    mailkit: Command, flags: list[str], said: str, hint: str
) -> None:
    """Wrong usage, with the way on."""
    ended = mailkit("render", "a.html", *flags)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert hint in ended.err
