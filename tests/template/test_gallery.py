"""The starter templates: each one in each of its languages, as it would be sent, read in the light and in the dark."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cssselect import HTMLTranslator
from cssselect import parse as parse_selectors
from lxml.html import HtmlElement, document_fromstring

from mailkit import MessageBuilder, Templates
from mailkit.check import lint
from mailkit.errors import TemplateError
from mailkit.template import Rendered, Starter, starter, starters

FOLDER = Path(__file__).parents[2] / "templates"
LANGUAGES = [(name, language) for name in starters() for language in starter(name).languages]
CLIPPED = 102_400  # bytes of HTML, behind which Gmail shows no more


@cache
def made(name: str, language: str, inliner: str = "premailer") -> Rendered:
    found = starter(name)
    return Templates(found.files, inliner=inliner).render(f"{name}.html", sample(found), locale=language)


def sample(found: Starter) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(found.files[f"{found.name}.sample.json"])
    return data


def page(rendered: Rendered) -> HtmlElement:
    assert rendered.html is not None
    return document_fromstring(rendered.html)


# -- what there is -----------------------------------------------------------------------------------------------------


def test_gallery_has_the_mails_that_everybody_sends() -> None:
    """Ten starters, each with a purpose, a sample and its layouts; three and more in several languages."""
    assert {"welcome", "receipt", "password-reset", "newsletter", "invoice", "alert"} <= set(starters())
    found = [starter(name) for name in starters()]
    assert all(one.purpose and one.languages[0] == "en" for one in found)
    assert all(
        {f"{one.name}.html", f"{one.name}.sample.json", "layouts/base.html"} <= one.files.keys() for one in found
    )
    assert sum(len(one.languages) > 1 for one in found) >= 3


def test_starter_of_an_unknown_name_is_an_error() -> None:
    """Its name is a name, and no path."""
    for name in ("nope", "", "layouts/base", "receipt.html", "../templates/receipt"):
        with pytest.raises(KeyError):
            starter(name)


def test_gallery_is_in_the_wheel_and_complete() -> None:
    """The folder goes into the package as it is, and every file in it belongs to a starter."""
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"] == {"templates": "mailkit/gallery"}
    there = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    read: dict[str, bytes] = {}
    for name in starters():
        read |= starter(name).files
    assert read == there


def test_starter_when_used_where_it_is_finds_its_own_layouts() -> None:
    """Templates reach the gallery without a copy, and a layout of their own does not get in between."""
    mine = '{% extends "mailkit:welcome.html" %}{% block heading %}Hello{% endblock %}'
    templates = Templates({"layouts/base.html": "mine", "mine.html": mine})
    data = sample(starter("welcome"))
    assert templates.render("mailkit:welcome.html", data).html == made("welcome", "en").html
    assert page(templates.render("mine.html", data)).findtext(".//h1") == "Hello"
    assert templates.names() == ["layouts/base.html", "mine.html"]


# -- each mail ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "language"), LANGUAGES)
def test_starter_with_its_sample_is_a_whole_mail(name: str, language: str) -> None:
    """A subject, a preheader, both bodies, and nothing of the template left in any of them."""
    rendered = made(name, language)
    assert 10 <= len(rendered.subject) <= 100
    first = page(rendered).find("body")[0]
    assert "display:none" in first.get("style").replace(" ", "")
    shown = (first.text_content().split("\u034f")[0]).strip()
    assert 20 <= len(shown) <= 140
    assert shown != rendered.subject
    assert shown not in rendered.text
    assert len(rendered.html.encode()) < CLIPPED
    for part in (rendered.subject, shown, rendered.html, rendered.text):
        assert not re.search(r"\{\{|\}\}|\{%|%\}|\{#|#\}|\bNone\b|Undefined|\bnan\b", part)


@pytest.mark.parametrize(("name", "language"), LANGUAGES)
def test_starter_is_clean_when_it_is_looked_over(name: str, language: str) -> None:
    """But for the addresses of its sample, and the fields that a mailing is given when it is sent."""
    rendered = made(name, language)
    draft = MessageBuilder().from_("a@shop.se").to("b@there.se").subject(rendered.subject)
    found = lint(draft.text(rendered.text).html(rendered.html or "").build())
    assert {one.rule for one in found} <= {"example-link", "no-unsubscribe"}


@pytest.mark.parametrize(("name", "language"), LANGUAGES)
def test_starter_as_text_says_all_that_the_page_says(name: str, language: str) -> None:
    """No HTML in it, and the addresses of all buttons."""
    rendered = made(name, language)
    assert not re.search(r"</?[a-z][^<>\s@:]*>|&(?:[a-z]+|#\d+);|\n{3}|[ \t]\n", rendered.text)
    buttons = [link.get("href") for link in page(rendered).iter("a") if link.get("class") == "button"]
    assert buttons
    assert all(f"<{address}>" in rendered.text or f"\n{address}\n" in rendered.text for address in buttons)
    assert rendered.text.count("\n") > 5


@pytest.mark.parametrize(("name", "language"), LANGUAGES)
def test_starter_can_be_read_by_everyone(name: str, language: str) -> None:
    """Screen readers hear the right language, no tables where there is no data, and what images show."""
    root = page(made(name, language))
    assert (root.get("lang"), root.get("dir")) == (language, "ltr")
    (article,) = root.xpath("//*[@role='article']")
    assert (article.get("lang"), article.get("dir")) == (language, "ltr")
    assert root.findtext("head/title").strip()
    assert len(root.xpath("//h1")) == 1
    assert all(image.get("alt") is not None for image in root.iter("img"))
    assert all(link.text_content().strip() for link in root.iter("a"))
    for table in root.iter("table"):
        headers = [cell for cell in table.iter("th") if next(cell.iterancestors("table")) is table]
        assert (table.get("role") == "presentation") != bool(headers)
        assert all(cell.get("scope") in ("row", "col") for cell in headers)


@pytest.mark.parametrize(("name", "language"), LANGUAGES)
def test_starter_becomes_a_message_that_others_can_read(name: str, language: str) -> None:
    """The standard library's parser finds no defect, and both bodies as they were."""
    rendered = made(name, language)
    builder = rendered.builder()
    if not any(key == "From" for key, _ in rendered.headers):
        builder = builder.from_("Ada <ada@example.com>")
    message = builder.to("zoe@example.com").build()
    parsed = BytesParser(policy=policy.default).parsebytes(bytes(message))
    assert [part.defects for part in parsed.walk()] == [[] for _ in parsed.walk()]
    assert parsed["Subject"] == rendered.subject
    bodies = [parsed.get_body((kind,)).get_content().replace("\r\n", "\n").strip() for kind in ("html", "plain")]
    assert bodies == [rendered.html.strip(), rendered.text.strip()]


@pytest.mark.parametrize("name", [name for name in starters() if len(starter(name).languages) > 1])
def test_starter_in_another_language_is_translated(name: str) -> None:
    """Subject, preheader, heading and text are; a region has what its language has."""
    found = starter(name)
    english = made(name, "en")
    for language in found.languages[1:]:
        other = made(name, language)
        assert other.subject != english.subject
        assert page(other).findtext(".//h1") != page(english).findtext(".//h1")
        lines = [{line for line in one.text.split("\n") if re.search("[a-z] [a-z]", line)} for one in (english, other)]
        assert len(lines[1]) > 4
        assert not lines[0] & lines[1]
        region = Templates(found.files).render(f"{name}.html", sample(found), locale=f"{language}-AT")
        assert region.subject.split()[0] == other.subject.split()[0]


# -- colours -----------------------------------------------------------------------------------------------------------

_BASE = starter("receipt").files["layouts/base.html"].decode()
_PLAIN = re.compile(r"(?:^|[\s;])(color|background-color)\s*:\s*(#(?:[0-9a-f]{6}|[0-9a-f]{3}))\b", re.IGNORECASE)


def colours_in(style: str) -> dict[str, str]:
    """The colours that a style sets, with six digits each."""
    return {
        name.lower(): value if len(value) == 7 else re.sub("([0-9a-f])", r"\1\1", value)
        for name, value in _PLAIN.findall(style)
    }


@dataclass(frozen=True)
class Rule:
    """One selector of a sheet with the colours that it sets."""

    selector: str
    colours: dict[str, str]

    @property
    def weight(self) -> tuple[int, int, int]:
        return parse_selectors(self.selector)[0].specificity()


def rules(sheet: str, *, prefix: str = "") -> Iterator[Rule]:
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        colours = colours_in(body)
        for selector in selectors.split(","):
            stripped = selector.strip()
            if stripped.startswith(prefix) and colours and ":" not in stripped:
                yield Rule(stripped.removeprefix(prefix).strip(), colours)


def dark_rules() -> list[Rule]:
    start = _BASE.index("@media (prefers-color-scheme: dark) {") + len("@media (prefers-color-scheme: dark) {")
    return list(rules(_BASE[start : _BASE.index("\n}", start)]))


def outlook_rules() -> list[Rule]:
    return [*rules(_BASE, prefix="[data-ogsb] "), *rules(_BASE, prefix="[data-ogsc] ")]


def coloured(root: HtmlElement, darkening: list[Rule]) -> dict[HtmlElement, dict[str, str]]:
    """The colours that each element sets: its own, and over them those of the sheet that stays."""
    set_by = {element: colours_in(element.get("style", "")) for element in root.iter("*")}
    for rule in sorted(darkening, key=lambda one: one.weight):
        for element in root.xpath(HTMLTranslator().css_to_xpath(rule.selector)):
            set_by[element] |= rule.colours
    return set_by


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def weak_texts(root: HtmlElement, darkening: list[Rule]) -> tuple[int, list[tuple[str, str, str]]]:
    """How many texts there are, and those that can hardly be read, with their colour and what is behind them."""
    set_by = coloured(root, darkening)
    count, weak = 0, []
    for element in root.find("body").iter("*"):
        lineage = [element, *element.iterancestors()]
        texts = [element.text, *(child.tail for child in element)]
        if not any(text and text.strip() for text in texts) or any(
            "display:none" in one.get("style", "") for one in lineage
        ):
            continue
        count += 1
        colour = next(set_by[one]["color"] for one in lineage if "color" in set_by[one])
        ground = next(set_by[one]["background-color"] for one in lineage if "background-color" in set_by[one])
        if contrast(colour, ground) < 4.5:
            weak.append((element.text_content().strip()[:40], colour, ground))
    return count, weak


@pytest.mark.parametrize("darkening", [[], dark_rules(), outlook_rules()], ids=["light", "dark", "dark in Outlook"])
@pytest.mark.parametrize("name", starters())
def test_starter_in_light_and_dark_can_be_read(name: str, darkening: list[Rule]) -> None:
    """Every text stands out from what is behind it, by 4.5 to 1 and more."""
    found = starter(name)
    data = sample(found)
    without_link = {key: value for key, value in data["company"].items() if key != "url"}
    variants = [data, {**data, "company": without_link}]
    if "severity" in data:
        variants += [{**data, "severity": severity} for severity in ("critical", "warning", "resolved")]
    for variant in variants:
        rendered = Templates(found.files).render(f"{name}.html", variant)
        count, weak = weak_texts(page(rendered), darkening)
        assert count > 5
        assert weak == []


def test_colours_of_the_layout_as_its_comment_lists_them_can_be_read() -> None:
    """Whoever changes them there knows what to look at: text, muted and accent on page, card and panel."""
    comment = _BASE[: _BASE.index("#}")]
    light = dict(re.findall(r"(\w+) (#[0-9a-f]{6})", comment))
    dark = re.findall(r"#[0-9a-f]{6}", comment[comment.index("dark #") :])
    assert list(light)[:7] == ["page", "card", "text", "muted", "line", "panel", "accent"]
    for page_, card, text, muted, _, panel, accent in (list(light.values())[:7], dark):
        grounds = (page_, card, panel)
        assert all(contrast(text, ground) >= 7 for ground in grounds)
        assert all(contrast(colour, ground) >= 4.5 for colour in (muted, accent) for ground in grounds)
    sheet = _BASE[_BASE.index("#}") :]
    assert all(colour in sheet for colour in [*light.values(), *dark])


def test_layout_sets_colours_of_the_dark_for_all_that_it_colours() -> None:
    """A colour that is meant for a light ground is not left on a dark one: hovering too."""
    assert {rule.selector for rule in outlook_rules()} >= {".card", ".panel", "a", "h1", "a.button"}
    hovered = re.search(r"a\.button:hover \{ background-color: (#\w+)", _BASE)
    shown = next(rule.colours["color"] for rule in dark_rules() if rule.selector == "a.button")
    assert hovered
    assert contrast(hovered[1], shown) >= 4.5
    light = re.search(r"\n\.button:hover \{ background-color: (#\w+)", _BASE)
    assert light
    assert contrast(light[1], "#ffffff") >= 4.5


# -- hostile data ------------------------------------------------------------------------------------------------------

HOSTILE = "<script>\"'&\u202e{{7*7}}"
_MEANT_FOR_FILTERS = re.compile(r"\d{4}-\d\d-\d\d|[A-Z]{3}$|[a-z]+$|.*@|https?:|[\d.]+$")


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from leaves(value, (*path, key))
    if isinstance(data, str):
        yield path, data


def replaced(data: dict[str, Any], paths: list[tuple[Any, ...]], value: str) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(data))
    for path in paths:
        inner = changed
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
    return changed


def shape(root: HtmlElement) -> list[tuple[str, tuple[str, ...]]]:
    return [(str(element.tag), tuple(sorted(element.keys()))) for element in root.iter()]


@pytest.mark.slow
@pytest.mark.parametrize("inliner", ["premailer", "css-inline", "none"])
@pytest.mark.parametrize("name", starters())
def test_starter_with_hostile_data_shows_it_and_obeys_none_of_it(name: str, inliner: str) -> None:
    """Markup, quotation marks and template code in the data stay text: the page keeps its shape."""
    found = starter(name)
    data = sample(found)
    templates = Templates(found.files, inliner=inliner)
    usable: list[tuple[Any, ...]] = []
    for path, value in leaves(data):
        try:
            templates.render(f"{name}.html", replaced(data, [path], HOSTILE))
            usable.append(path)
        except TemplateError:  # a date, a currency: told with its line, and not sent
            assert _MEANT_FOR_FILTERS.match(value), (path, value)
    assert len(usable) > 2
    harmless = templates.render(f"{name}.html", replaced(data, usable, "x"))
    for language in found.languages:
        rendered = templates.render(f"{name}.html", replaced(data, usable, HOSTILE), locale=language)
        assert "<script" not in re.sub(r'="[^"]*"', "", rendered.html)  # some writers escape no < in attributes
        assert "49" not in rendered.text.replace("7*7", "")
        assert "{{7*7}}" in rendered.html
        if language == "en":
            assert shape(page(rendered)) == shape(page(harmless))
        words = "".join(page(rendered).find("body").itertext())
        assert HOSTILE in words


# -- what inliners must leave ------------------------------------------------------------------------------------------

_KEPT = [
    "@media(max-width:620px)",
    "@media(prefers-color-scheme:dark)",
    ".button:hover",
    "[data-ogsc]a.button",
    "[data-ogsb].card",
    ".column{display:block!important",
    "<!--[ifmso]><v:roundrect",
    "<!--[if!mso]><!--><a",
    '<metaname="color-scheme"content="lightdark"',
    '<metaname="supported-color-schemes"content="lightdark"',
]


@pytest.mark.parametrize("inliner", ["premailer", "css-inline"])
@pytest.mark.parametrize("name", starters())
def test_starter_after_inlining_keeps_what_cannot_be_inlined(name: str, inliner: str) -> None:
    """Phones, the dark, hovering, and what only Outlook reads."""
    plain, inlined = (re.sub(r"\s+", "", made(name, "en", chosen).html) for chosen in ("none", inliner))
    for kept in _KEPT:
        assert kept in plain
        assert kept in inlined.replace("-->\n", "-->")
    for mark in ("<!--[if", "<![endif]", "<v:roundrect", "!important"):
        assert inlined.count(mark) == plain.count(mark)
    assert "/*Theserulesareputintostyleattributes.*/" not in inlined
    body = inlined[inlined.index("<body") :]
    assert body.count('style="') > 20
