"""Which features a mail uses that clients do not have: each is seen, on its line, and nothing is seen that is not there."""

import html.parser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit.check import Severity, Support, check_html
from mailkit.check.advice import ADVICE, GRACEFUL
from mailkit.check.client import data_date, features
from mailkit.check.features import UNSEEN, marks_of
from mailkit.check.markup import Comment, Tag, Text, read
from mailkit.check.usage import usage
from tests.check.features import MAILS

# What the mails of the table use besides.
_BASE = {"html-p", "html-style", "css-selector-type"}


def seen(markup: str) -> set[str]:
    return set(check_html(markup).features)


# -- all features --------------------------------------------------------------------------------------------------------


def test_every_feature_of_the_data_can_be_seen_or_is_said_not_to_be() -> None:
    """New data cannot bring a feature that nobody looks for."""
    assert set(features()) == set(MAILS) | set(UNSEEN)
    assert not set(MAILS) & set(UNSEEN)
    assert all(marks_of(slug) for slug in MAILS)


@pytest.mark.parametrize("slug", MAILS)
def test_a_feature_is_seen_where_it_is_used(slug: str) -> None:
    """And not in a mail without it."""
    assert slug in seen(MAILS[slug])
    if slug not in _BASE:
        assert slug not in seen("<style>p { color: red }</style>\n<p>Hi</p>")


def test_features_that_are_alike_are_told_apart() -> None:
    """A longer name, a text, a comment for Outlook and a class are not the feature."""
    for markup, absent in {
        '<p style="text-align-last: left">': "css-text-align",
        '<p style="background-color: red">': "css-background",
        '<p style="max-width: 1px">': "css-width",
        "<p style=\"content: 'display:flex'\">": "css-display-flex",
        '<p style="color: red" title="float: left">': "css-float",
        "<p>Use <code>&lt;video></code></p>": "html-video",
        "<style>.hover { color: red }</style>": "css-pseudo-class-hover",
        "<style>.a { color: red } .b { color: red }</style>": "css-selector-chaining",
        "<style>a:not(b) { color: red }</style>": "css-selector-descendant",
        "<style>@media screen { a { color: red } }</style>": "css-nesting",
        "<style>@keyframes a { from { color: red } }</style>": "css-selector-type",
        "<!--[if mso]><table><td style='float: left'></table><![endif]-->": "css-float",
        "<!--[if mso]> <![endif]-->": "html-comments",
        "<textarea><video></video></textarea>": "html-video",
        '<a href="https://example.com/#top">': "html-anchor-links",
        '<img src="https://example.com/png">': "image-png",
        '<img src="https://svg.example.com/a.png">': "image-svg",
        '<input type="checkbox">': "html-input-text",
        "<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN'>": "html-doctype",
        '<p style="width: 10vmax">': "css-unit-vw",
    }.items():
        assert absent not in seen(markup), markup


def test_advice_is_only_given_on_features_that_there_are() -> None:
    """A misspelt slug would never be shown."""
    assert set(ADVICE) | GRACEFUL <= set(features())


# -- where ----------------------------------------------------------------------------------------------------------------


def test_lines_are_those_of_the_source() -> None:
    """Of the value in an attribute, of the declaration in a stylesheet, whatever the line ends are."""
    markup = (
        "<html>\r\n<style>\n.a {\n  color: red;\n  float: left\n}\n</style>\r\n"
        '<p\n class="b"\n style="margin: 0;\n  float: right">Hi</p>\n<p style="float:none">'
    )
    (finding,) = (one for one in check_html(markup).findings if one.slug == "css-float")
    assert finding.lines == (5, 11, 12)
    assert finding.count == 3
    assert markup.splitlines()[9 - 1] == ' class="b"'


def test_the_report_says_which_client_shows_a_feature_and_since_when_that_is_known() -> None:
    """The newest version counts."""
    report = check_html('<div style="border-radius: 4px; display: flex">Hi</div>')
    (radius,) = (one for one in report.findings if one.slug == "css-border-radius")
    (outlook,) = (one for one in radius.clients if str(one.client) == "Outlook (Windows)")
    assert (outlook.version, outlook.support) == ("2019", Support.NO)
    assert radius.url == "https://www.caniemail.com/features/css-border-radius/"
    assert radius.hint.startswith("Corners stay square in Outlook")
    assert report.data_date == data_date() >= "2026-05-13"
    assert radius.severity is Severity.WARNING
    assert report.findings[-1].slug == "css-display"
    assert report.findings[-1].severity is Severity.NOTE
    scores = {str(one.client): one for one in report.clients}
    assert scores["Outlook (Windows)"].unsupported == ("css-border-radius", "css-display-flex")
    assert scores["Apple Mail (macOS)"].unsupported == ()
    assert report.clients[0].unsupported
    assert not report.clients[-1].unsupported


def test_what_nobody_misses_is_no_warning() -> None:
    """A client without it shows the same, or leaves an extra out."""
    report = check_html('<style>a:hover { color: red }</style><p role="note"><video></video></p>')
    said = {one.slug: one.severity for one in report.findings}
    assert said["html-role"] is said["css-pseudo-class-hover"] is Severity.NOTE
    assert said["html-video"] is Severity.WARNING
    assert [one.severity for one in report.findings] == sorted((one.severity for one in report.findings), reverse=True)


def test_notes_are_told_as_text() -> None:
    """Without the signs of Markdown links, and of the newest version only."""
    report = check_html("<style>@media (max-width: 1px) {}</style>")
    notes = [note for finding in report.findings for one in finding.clients for note in one.notes]
    assert notes
    assert not any("](" in note for note in notes)


def test_percentages_add_up() -> None:
    """They are shares of the same whole, and a mail of words alone is fine."""
    report = check_html('<table><tr><td style="float: left; display: grid">Hi</td></tr></table>')
    assert 99.8 <= report.supported + report.partial + report.unsupported <= 100.2
    assert report.unsupported > 0
    empty = check_html("Hi")
    assert (empty.supported, empty.partial, empty.unsupported, empty.findings) == (100.0, 0.0, 0.0, ())


def test_facts_are_plain_values() -> None:
    """As the page and the command line show them."""
    facts = check_html('<p style="float: left">Hi</p>').facts()
    finding = facts["findings"][0]  # type: ignore[index]
    assert finding["slug"] == "css-float"
    assert {one["support"] for one in finding["clients"]} <= {"no", "partial"}
    assert finding["lines"] == [1]


# -- reading HTML ------------------------------------------------------------------------------------------------------------


def test_html_is_read_as_the_standard_says() -> None:
    """What browsers make of odd markup."""
    assert list(read("a < b <3 <é")) == [Text("a < b <3 <é", 1)]
    assert list(read("<A HREF=x/>")) == [next(read('<a href="x/">'))]
    assert list(read("<p a=1 a=2>")) == list(read("<p a=1>"))
    assert list(read("<p a")) == []
    assert list(read('<p a="x>y">z')) == [next(read('<p a="x>y">')), Text("z", 1)]
    assert list(read("</>a</ b>")) == [Text("a", 1), Comment(" b", 1)]
    assert list(read("<!-->a<!--->b")) == [Comment("", 1), Text("a", 1), Comment("", 1), Text("b", 1)]
    assert list(read("<!--a--!>b<!--c")) == [Comment("a", 1), Text("b", 1), Comment("c", 1)]
    assert list(read("<style></styles></STYLE ></p>"))[1] == Text("</styles>", 1, within="style")
    assert list(read("<title>&amp;</title>"))[1] == Text("&", 1, within="title")
    assert list(read("<style>&amp;"))[1] == Text("&amp;", 1, within="style")


class _Standard(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[tuple[str, str], ...], int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        first: dict[str, str] = {}
        for name, value in attrs:
            first.setdefault(name, value or "")
        self.found.append((tag, tuple(first.items()), self.getpos()[0]))

    handle_startendtag = handle_starttag


_PIECES = st.sampled_from(
    ["<p>", "<x-y a='1'\nb=\"2\">", "</p>", "<br/>", "text", "\n", "&amp;", "<!-- c\n -->", "<i c=d>", "<img a='\"' b>"]
)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_tags_and_lines_are_those_that_the_standard_library_sees(markup: str) -> None:
    """An independent reader, on markup that it reads well."""
    standard = _Standard()
    standard.feed(markup)
    ours = [
        (tag.name, tuple((one.name, one.value) for one in tag.attributes), tag.line)
        for tag in read(markup)
        if isinstance(tag, Tag) and not tag.is_end
    ]
    assert ours == standard.found


def test_of_endless_html_the_beginning_is_looked_at_and_the_report_says_so() -> None:
    """A mail may be hostile; a million characters are ten times what Gmail shows."""
    report = check_html(" " * 1_000_000 + "<marquee>")
    assert (report.is_cut, report.features) == (True, ())
    assert not check_html(" " * 999_991 + "<marquee>").is_cut
    assert check_html(" " * 999_991 + "<marquee>").features


def test_deep_and_endless_input_is_read_to_its_end() -> None:
    """What takes the square of the length, or as many calls as it is deep, would not end here."""
    for piece in ("<", "<!--", "<a ", '<a b="', "</", "<style>{", "<style>a{", "<p style='a:b(", "<style>:not("):
        list(usage(piece * 50_000))
    assert len(list(usage("<style>" + "a{" * 20_000))) > 20_000
    assert len(list(usage("<style>" + ":not(" * 20_000 + "b" + ")" * 20_000 + "{}</style>"))) > 20_000
