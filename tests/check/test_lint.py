"""What is wrong with a message: each rule finds what it is for, and a good message has nothing."""

import re
from pathlib import Path

import pytest

import mailkit.check.rules
from mailkit import Message, MessageBuilder
from mailkit.check import Finding, Severity, Where, lint

WORDS = (
    "The quick brown foxes jumped over seven lazy sleeping dogs while nobody watched them from behind that old fence"
)
HTML = f'<html lang="en"><body><p>{WORDS}</p>\n%s</body></html>'


def page(inside: str) -> Message:
    return good().text(WORDS).html(HTML % inside).build()


def good() -> MessageBuilder:
    return MessageBuilder().from_("Ada <ada@shop.se>").to("bob@there.se").subject("Your order 12").text(WORDS)


def raw(head: str, text: str = "") -> Message:
    return Message.parse(f"{head}\r\n\r\n{text or WORDS}\r\n".encode())


def rules(message: Message, **options: tuple[str, ...]) -> set[str]:
    return {finding.rule for finding in lint(message, **options)}


def only(rule: str, message: Message) -> Finding:
    (finding,) = (one for one in lint(message) if one.rule == rule)
    return finding


PEOPLE = ", ".join(f"p{number}@there.se" for number in range(11))
MAILING = "From: a@shop.se\r\nTo: b@there.se\r\nSubject: News\r\n"

BAD = {
    "no-subject": raw("From: a@shop.se\r\nTo: b@there.se"),
    "long-subject": good().subject("Your order " + "and more " * 10).build(),
    "shouting": good().subject("BUY OUR SHOES").build(),
    "exclaiming": good().subject("New shoes!!").build(),
    "no-answer": good().subject("Re: your order").build(),
    "no-from": raw("To: b@there.se\r\nSubject: Hi"),
    "no-reply": good().from_("no-reply@shop.se").build(),
    "no-to": raw("From: a@shop.se\r\nSubject: Hi"),
    "many-to": raw(f"From: a@shop.se\r\nTo: {PEOPLE}\r\nSubject: Hi"),
    "empty": good().text(" ").build(),
    "no-text": MessageBuilder().from_("a@shop.se").to("b@there.se").subject("Hi").html(HTML % "").build(),
    "text-differs": good().text("Please use a client that shows HTML.").html(HTML % "").build(),
    "cut": page("<b>" * 333_333),
    "clipped": page("<i>" + "<b>many words of it</b>\n" * 5000 + "</i>"),
    "no-language": good().html(f"<p>{WORDS}</p>").build(),
    "unrendered": good().text("Dear {{ name }}, " + WORDS).build(),
    "no-value": good().text("Dear None,\n" + WORDS).build(),
    "filler": good().text("Lorem ipsum " + WORDS).build(),
    "active": page("<script>1</script>"),
    "dead-link": page('<a href="#">Go</a>'),
    "unnamed-link": page('<a href="https://shop.se/"><img src="https://shop.se/a.png" alt="" width=9></a>'),
    "broken-link": page('<a href="https://[::1/">Go</a>'),
    "relative-link": page('<a href="/orders">Go</a>'),
    "strange-link": page('<a href="file:///etc/passwd">Go</a>'),
    "local-link": page('<a href="http://localhost:8000/confirm">Go</a>'),
    "example-link": page('<a href="https://example.com/">Go</a>'),
    "address-link": page('<a href="https://203.0.114.9/">Go</a>'),
    "short-link": page('<a href="https://bit.ly/3x">Go</a>'),
    "plain-link": page('<a href="http://shop.se/">Go</a>'),
    "disguised-link": page('<a href="https://evil.se/">https://bank.se/login</a>'),
    "long-link": page(f'<a href="https://shop.se/?{"a" * 2000}">Go</a>'),
    "no-image": page('<img src="logo.png" alt="" width="9">'),
    "plain-image": page('<img src="http://shop.se/logo.png" alt="" width="9">'),
    "pixel": page('<img src="https://shop.se/open" width="1" height="1">'),
    "no-alt": page('<img src="https://shop.se/logo.png" width="9">'),
    "no-width": page('<img src="https://shop.se/logo.png" alt="">'),
    "images-only": good()
    .text("Big sale")
    .html('<html lang=en><img src="https://shop.se/a.png" width=9 alt="Sale">')
    .build(),
    "unused-image": good().html(HTML % "").embed(b"\x89PNG\r\n\x1a\n", filename="a.png", cid="a").build(),
    "no-unsubscribe": raw(MAILING + "List-Id: <news.shop.se>"),
    "unsubscribe-address": raw(MAILING + "List-Unsubscribe: <mailto:out@shop.se>"),
    "no-one-click": raw(MAILING + "List-Unsubscribe: <https://shop.se/out>"),
    "unsubscribe-hidden": raw(MAILING + "List-Unsubscribe: <https://shop.se/out>"),
    "program": good().attach(b"MZ", filename="setup.exe").build(),
    "unnamed-file": raw(
        "From: a@shop.se\r\nTo: b@there.se\r\nSubject: Hi\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x",
        "--x\r\n\r\nHi\r\n--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\n%PDF\r\n--x--",
    ),
    "doubtful-name": good().attach(b"x", filename="report.pdf \u202efdp.txt").build(),
    "same-name": good().attach(b"1", filename="a.pdf").attach(b"2", filename="a.pdf").build(),
    "large": good().attach(b"x" * 8_000_000, filename="a.bin").build(),
}


def written() -> set[str]:
    """The names of all rules in the source."""
    folder = Path(mailkit.check.rules.__file__).parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    return set(re.findall(r'(?:Finding|_found|_at)\(\s*(?:link, |image, )?"([a-z-]+)"', code))


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_finds_what_it_is_for(rule: str) -> None:
    """In a message that has this fault; the hint says what to do."""
    finding = next(one for one in lint(BAD[rule]) if one.rule == rule)
    assert finding.title
    assert finding.hint or rule == "filler"


def test_every_rule_is_tried() -> None:
    """A rule without a message that has its fault may never find anything."""
    assert written() == set(BAD) | {"not-in-envelope"}
    assert len(written()) > 40


def test_a_good_message_has_no_findings() -> None:
    """Nobody reads the findings of a check that always finds something."""
    inside = (
        '<h1>Your order</h1> <img src="https://shop.se/logo.png" alt="Shop" width="90">'
        '<a href="https://shop.se/orders/12">Your order</a> <a href="https://www.shop.se">shop.se</a>'
        '<a href="mailto:help@shop.se">Write to us</a> <a href="tel:+46123">Call</a> <a href="#top">Up</a>'
        '<img src="cid:a" alt="" width="9"><a href="https://click.shop.se/x">shop.se</a>'
    )
    message = good().html(HTML % inside).embed(b"\x89PNG\r\n\x1a\n", filename="a.png", cid="a").build()
    assert lint(message) == ()
    assert lint(message, envelope_recipients=("BOB@there.se",)) == ()
    assert lint(good().subject("你好你好你好你好你好").build()) == ()


def test_a_good_mailing_has_no_findings() -> None:
    """With a way out in the field and in the body."""
    head = MAILING + "List-Unsubscribe: <https://shop.se/out>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"
    assert lint(raw(head, WORDS + "\r\nUnsubscribe: https://shop.se/out")) == ()


def test_who_is_named_and_not_reached_is_told() -> None:
    """When the envelope is known."""
    message = good().cc("carl@there.se").build()
    assert "not-in-envelope" in rules(message, envelope_recipients=("bob@there.se", "audit@shop.se"))
    assert rules(message, envelope_recipients=("bob@there.se", "carl@there.se")) == set()
    assert rules(message) == set()


def test_lines_are_those_of_the_part() -> None:
    """So that the page can jump to them."""
    assert only("unrendered", good().text("One\nTwo {{ x }}\n" + WORDS).build()).line == 2
    finding = only("unrendered", page("<p>a\nb\n*|FNAME|*</p>"))
    assert (finding.where, finding.line, finding.detail) == (Where.HTML, 4, "*|FNAME|*")
    link = only("local-link", page('\n<a\n href="http://app.test/">Go</a>'))
    assert (link.line, link.severity) == (4, Severity.ERROR)
    assert only("unrendered", page('<a href="https://shop.se/{{ id }}">Go</a>')).line == 2


def test_placeholders_of_all_kinds_are_seen_and_code_is_not_taken_for_one() -> None:
    """Those of Jinja, Handlebars, Mailchimp, ERB, JavaScript and Python."""
    for text in ("{{name}}", "{% if x %}", "${name}", "<%= name %>", "*|NAME|*", "%(name)s", "[[name]]"):
        assert "unrendered" in rules(good().text(f"{WORDS} {text}").build()), text
    for text in ("{ }", "{name}", "100 %", "$5 {5}", "**bold**", "[1]", "[[a b]]"):
        assert "unrendered" not in rules(good().text(f"{WORDS} {text}").build()), text
    assert "no-value" in rules(page("<p>Hello <b>x</b> [object Object]</p>"))
    assert "no-value" not in rules(good().text("None of you, dear friends, is undefined. " + WORDS).build())


def test_own_networks_are_told_from_the_internet() -> None:
    """Names that no other machine finds, and addresses of private networks."""
    for host in (
        "127.0.0.1:8000",
        "[::1]",
        "10.0.0.7",
        "192.168.1.1",
        "web",
        "db.internal",
        "printer.local",
        "0.0.0.0",
    ):
        assert "local-link" in rules(page(f'<a href="http://{host}/x">Go</a>')), host
    for host in ("shop.se", "localhost.shop.se", "test.shop.se", "203.0.114.9"):
        assert "local-link" not in rules(page(f'<a href="https://{host}/x">Go</a>')), host


def test_at_most_twenty_findings_of_a_rule_are_told() -> None:
    """The rest says no more."""
    found = lint(page('<a href="#">Go</a>' * 500))
    assert [one.rule for one in found] == ["dead-link"] * 20


def test_of_endless_html_the_beginning_is_looked_at_and_nothing_is_said_of_the_rest() -> None:
    """What may stand in the rest is not missed in the beginning: an image that is used, a way to unsubscribe."""
    builder = good().html(HTML % ("<b>" * 333_333 + '<img src="cid:a"><a href="https://shop.se">Unsubscribe</a>'))
    builder = builder.header("List-Unsubscribe", "<https://shop.se/out>").embed(
        b"\x89PNG\r\n\x1a\n", filename="a.png", cid="a"
    )
    found = rules(builder.build())
    assert "cut" in found
    assert not found & {"unused-image", "unsubscribe-hidden", "no-alt"}


def test_the_worst_comes_first() -> None:
    """Errors, warnings, notes."""
    found = lint(page('<img src="https://shop.se/a.png"><a href="">x</a>'))
    assert [one.severity for one in found] == [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    assert found[0].facts()["severity"] == "error"
