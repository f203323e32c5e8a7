"""The page in a real browser: what a person sees and does, on a phone, a tablet and a desk."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailkit import Mailer, Message, MessageBuilder
from mailkit.check import Scanner
from mailkit.errors import RecipientsRefused
from mailkit.inbox import Inbox, Release, Site
from mailkit.smtp import Received
from tests.kit.browser import Chromium, Watched, expect
from tests.kit.filter import Filter

pytestmark = pytest.mark.slow

HTML = """<html><head><style>
@media (prefers-color-scheme: dark) { body { background: #000; color: #fff } }
@media (max-width: 500px) { h1 { color: red } }
</style></head><body><h1>Hello</h1>
<p>Your code is <b>417 220</b>. <a href="https://example.com/confirm?id=7">Confirm</a></p>
<div style="display:grid">x</div></body></html>"""


def mail(
    to: str = "bob@example.com", subject: str = "Hello", text: str = "Your code is 417 220.", **more: object
) -> Message:
    builder = MessageBuilder().from_("Ada Lovelace <ada@example.com>").to(to).subject(subject).text(text)
    if more.get("html", True):
        builder = builder.html(HTML)
    if more.get("bcc"):
        builder = builder.bcc(str(more["bcc"]))
    if more.get("file"):
        builder = builder.attach(b"%PDF-1.4", filename="Rechnung März.pdf")
    return builder.build()


def send(inbox: Inbox, *messages: Message) -> None:
    with Mailer(inbox.url) as mailer:
        for message in messages:
            mailer.send(message)


@contextmanager
def looking(
    browser: Chromium, *messages: Message, at: str = "", width: int = 1440, **options: object
) -> Iterator[tuple[Inbox, Watched]]:
    """An inbox with mail in it, and its page in a browser."""
    dark = bool(options.pop("dark", False))
    with Inbox() as inbox, Site(inbox, **options) as site:  # type: ignore[arg-type]
        send(inbox, *messages)
        with browser.opened(site.url + at, width=width, dark=dark) as watched:
            watched.page.wait_for_selector("body[data-ready]")
            if messages and not at:
                watched.page.wait_for_selector(".row")
            yield inbox, watched
            assert watched.errors == []
            assert watched.foreign(site.url) == []


# -- the list ----------------------------------------------------------------------------------------------------------


def test_list_when_mail_comes_then_it_is_shown_at_once_and_announced(browser: Chromium) -> None:
    """Live: nobody reloads."""
    with looking(browser) as (inbox, watched):
        page = watched.page
        expect(page.get_by_text("Waiting for mail")).to_be_visible()
        send(inbox, mail(subject="First one"))
        expect(page.locator(".row .what")).to_have_text(["First one"])
        expect(page.get_by_text("Waiting for mail")).to_be_hidden()
        expect(page).to_have_title("(1) mailkit inbox")
        expect(page.locator("#said")).to_have_text("1 new message")
        send(inbox, mail(subject="Second one"))
        expect(page.locator(".row .what")).to_have_text(["Second one", "First one"])


def test_search_when_typed_then_the_list_is_what_fits(browser: Chromium) -> None:
    """And a search that makes no sense says why."""
    with looking(browser, mail(subject="Apples"), mail("zoe@example.com", "Pears", file=True)) as (_, watched):
        page = watched.page
        page.keyboard.press("/")
        page.keyboard.type("to:zoe")
        expect(page.locator(".row .what")).to_have_text(["Pears"])
        page.locator("#search").fill("-has:attachment")
        expect(page.locator(".row .what")).to_have_text(["Apples"])
        page.locator("#search").fill("before:yesterday")
        expect(page.locator("#problem")).to_contain_text("is no date")
        page.locator("#search").fill("nowhere")
        expect(page.get_by_text("Nothing found")).to_be_visible()
        page.locator("#search").fill("")
        page.get_by_role("button", name="Files").click()
        expect(page.locator(".row .what")).to_have_text(["Pears"])


def test_keys_when_pressed_then_they_go_through_the_mail(browser: Chromium) -> None:
    """Without a mouse: next, back, tabs, unread, delete, help."""
    with looking(browser, *(mail(subject=f"Mail {number}") for number in (1, 2, 3))) as (inbox, watched):
        page = watched.page
        page.keyboard.press("j")
        expect(page.locator("h1")).to_have_text("Mail 3")
        page.keyboard.press("j")
        expect(page.locator("h1")).to_have_text("Mail 2")
        page.keyboard.press("k")
        expect(page.locator("h1")).to_have_text("Mail 3")
        expect(page.locator(".row[aria-selected=true] .what")).to_have_text("Mail 3")
        page.keyboard.press("5")
        expect(page.get_by_role("tab", name="Headers")).to_have_attribute("aria-selected", "true")
        page.keyboard.press("u")
        expect(page.locator(".row.unread .what")).to_have_text(["Mail 3", "Mail 1"])
        page.keyboard.press("x")
        expect(page.locator("h1")).to_have_text("Mail 2")
        expect(page.locator(".row")).to_have_count(2)
        page.keyboard.press("?")
        expect(page.get_by_role("heading", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(page.get_by_text("Choose a message")).to_be_visible()
        assert [one.subject for one in inbox] == ["Mail 1", "Mail 2"]


def test_batches_when_chosen_then_a_mailing_is_one_row_that_opens(browser: Chromium) -> None:
    """A campaign does not bury the rest."""
    batch = [mail(f"n{number}@example.com", f"Your order {number}") for number in range(6)]
    with looking(browser, mail(subject="Before"), *batch) as (_, watched):
        page = watched.page
        page.get_by_role("button", name="Batches").click()
        expect(page.locator(".row .what")).to_have_text(["Your order 5", "Before"])
        expect(page.locator(".row .count")).to_have_text(["6"])
        page.locator(".row .count").click()
        expect(page.locator(".row")).to_have_count(6)


def test_list_when_there_are_a_hundred_thousand_messages_then_it_scrolls_to_any_of_them(browser: Chromium) -> None:
    """Only what is seen is in the page; what is far is asked for when it is scrolled to."""
    with Inbox() as inbox, Site(inbox) as site:
        raw = b"From: ada@example.com\r\nTo: b@example.com\r\nSubject: No. %d\r\n\r\nHi\r\n"
        for number in range(1, 100_001):
            inbox.archive.add(Received("ada@example.com", ("b@example.com",), raw % number, hello="x"))
        with browser.opened(site.url) as watched:
            page = watched.page
            expect(page.locator(".row .what").first).to_have_text("No. 100000")
            assert page.locator(".row").count() < 60
            page.evaluate("document.getElementById('scroll').scrollTop = 50000 * 76")
            expect(page.locator(".row .what").filter(has_text="No. 49995").first).to_be_visible()
            page.evaluate("document.getElementById('scroll').scrollTop = 1e9")
            expect(page.locator(".row .what").last).to_have_text("No. 1")
            assert page.locator(".row").count() < 60
            send(inbox, mail(subject="New"))  # the oldest goes, and we stay where we are
            expect(page.locator(".row .what").last).to_have_text("No. 2")
            assert watched.errors == []


def test_inboxes_when_users_have_their_own_then_one_is_chosen(browser: Chromium) -> None:
    """By who logged in."""
    with looking(browser, mail(subject="Common")) as (inbox, watched):
        with Mailer(inbox.url_for("team-a")) as mailer:
            mailer.send(mail(subject="Of the team"))
        page = watched.page
        expect(page.locator(".row")).to_have_count(2)
        page.locator("#inbox").select_option("team-a")
        expect(page.locator(".row .what")).to_have_text(["Of the team"])


def test_delete_all_when_confirmed_then_only_what_is_listed_goes(browser: Chromium) -> None:
    """After a question that tells how many."""
    with looking(browser, mail(subject="Keep"), mail(subject="Drop"), mail(subject="Drop too")) as (inbox, watched):
        page = watched.page
        page.locator("#search").fill("drop")
        expect(page.locator(".row")).to_have_count(2)
        page.get_by_label("More").click()
        page.get_by_role("button", name="Delete these").click()
        expect(page.get_by_text("2 messages will be gone for good.")).to_be_visible()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_text("2 messages deleted.")).to_be_visible()
        assert [one.subject for one in inbox] == ["Keep"]


# -- a message ---------------------------------------------------------------------------------------------------------


def test_tabs_when_each_is_opened_then_it_shows_what_it_is_called(browser: Chromium) -> None:
    """All of them."""
    with looking(browser, mail(bcc="boss@example.com", file=True), at="#/1") as (_, watched):
        page = watched.page
        expect(page.get_by_role("tab")).to_have_text(
            ["HTML", "HTML Source", "Text", "Raw", "Headers", "Spam Analysis", "Check HTML", "Tech Info"]
        )
        panel = page.get_by_role("tabpanel")
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello")
        page.get_by_role("tab", name="HTML Source").click()
        expect(panel.locator("#line-4")).to_contain_text("<h1>Hello</h1>")
        page.get_by_role("tab", name="Text").click()
        expect(panel).to_have_text("Your code is 417 220.\n")
        page.get_by_role("tab", name="Raw").click()
        expect(panel).to_contain_text("Content-Type: multipart/mixed")
        page.get_by_role("tab", name="Headers").click()
        expect(panel.get_by_role("row").filter(has_text="Message-ID")).to_be_visible()
        page.get_by_role("tab", name="Tech Info").click()
        expect(panel).to_contain_text("<boss@example.com>")
        expect(panel.locator(".wire")).to_contain_text("C: MAIL FROM:<ada@example.com>")
        expect(panel.locator(".tree")).to_contain_text("multipart/alternative")
        expect(page.locator(".people .bcc").last).to_have_text("boss@example.com")


def test_check_html_when_opened_then_findings_lead_to_their_lines(browser: Chromium) -> None:
    """And a client that is chosen leaves those that it lacks."""
    with looking(browser, mail(), at="#/1/check") as (_, watched):
        page = watched.page
        panel = page.get_by_role("tabpanel")
        expect(panel.get_by_role("img", name="supported")).to_be_visible()
        grid = panel.locator(".finding").filter(has_text="display:grid")
        expect(grid).to_contain_text("Lay it out with a table")
        many = panel.locator(".finding").count()
        panel.get_by_role("button", name=re.compile(r"^Outlook Windows ?\d")).click()
        assert 0 < panel.locator(".finding").count() < many
        expect(grid.locator("details")).to_contain_text("Outlook Windows 2019")
        grid.get_by_role("button", name="6").click()
        expect(page.get_by_role("tab", name="HTML Source")).to_have_attribute("aria-selected", "true")
        expect(panel.locator(".hit .t")).to_have_text('<div style="display:grid">x</div></body></html>')


def test_spam_analysis_when_opened_then_it_says_what_filters_count_and_what_ours_says(browser: Chromium) -> None:
    """The findings at once; the filter's verdict as soon as it is there."""
    with looking(browser, mail(), at="#/1/spam", scanner=Filter()) as (_, watched):
        panel = watched.page.get_by_role("tabpanel")
        expect(panel.locator(".finding").filter(has_text="A link leads to an example")).to_contain_text("line 5")
        expect(panel.get_by_role("img", name="6.5 of 5.0")).to_be_visible()
        expect(panel).to_contain_text("says Filter at 127.0.0.1:783")
        expect(panel.locator(".points tr")).to_have_text(["+6.5SHOUTINGAll capitals"])
        panel.locator(".finding").filter(has_text="example").get_by_role("button").click()
        expect(panel.locator(".hit .t")).to_contain_text("https://example.com/confirm")


def test_spam_analysis_when_the_filter_is_down_then_it_says_so_and_can_be_asked_again(browser: Chromium) -> None:
    """The findings are there all the same."""
    with looking(browser, mail(), at="#/1/spam", scanner=Scanner.open("spamd://127.0.0.1:1")) as (_, watched):
        panel = watched.page.get_by_role("tabpanel")
        expect(panel.locator(".finding.error")).to_contain_text("127.0.0.1:1")
        expect(panel.get_by_role("button", name="Ask again")).to_be_visible()
        expect(panel.locator(".finding").filter(has_text="A link leads to an example")).to_be_visible()
        watched.errors.clear()  # the answer was 502, which the browser writes down


def test_message_when_shown_then_it_says_when_it_came(browser: Chromium) -> None:
    """The time of its arrival, as the list has it and as the machine says it."""
    with looking(browser, mail(), at="#/1") as (inbox, watched):
        time = watched.page.locator(".head time")
        expect(time).to_have_attribute("datetime", inbox.only().at.isoformat())
        expect(time).to_contain_text(str(inbox.only().at.year))
        expect(watched.page.locator(".row time")).to_have_attribute("datetime", inbox.only().at.isoformat())


def test_words_when_they_run_from_right_to_left_then_they_do_and_the_rest_does_not(browser: Chromium) -> None:
    """Neither a language nor a character that turns the order round may turn the page."""
    told = mail(subject="مرحبا, Zoë", text="Hello\nمرحبا", html=False)
    with looking(browser, told, mail(subject="Hello \u202eolleh"), width=375) as (_, watched):
        page = watched.page
        expect(page.locator(".row .what").nth(0)).to_have_css("direction", "ltr")
        expect(page.locator(".row .what").nth(1)).to_have_css("direction", "rtl")
        expect(page.locator(".row .who").nth(1)).to_have_css("direction", "ltr")
        expect(page.locator(".row .who")).to_have_text(["Ada Lovelace → bob@example.com"] * 2)
        page.get_by_text("مرحبا, Zoë").click()
        expect(page.locator("h1")).to_have_css("direction", "rtl")
        expect(page.locator(".plain")).to_have_css("unicode-bidi", "plaintext")


def test_tech_info_when_the_mail_is_of_a_template_then_it_says_which(browser: Chromium) -> None:
    """And for other mail nothing of the kind."""
    builder = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("Hi")
    made = builder.origin(template="receipt.html", row="people.csv, line 4", campaign="spring 1a2b").build()
    with looking(browser, made, mail(), at="#/1/tech") as (_, watched):
        panel = watched.page.get_by_role("tabpanel")
        expect(panel).to_contain_text("Made by mailkit")
        expect(panel).to_contain_text("people.csv, line 4")
        watched.page.goto(watched.page.url.replace("#/1/", "#/2/"))
        expect(panel).to_contain_text("MAIL FROM")
        expect(panel).not_to_contain_text("Made by mailkit")


def test_widths_when_chosen_then_the_mail_is_laid_out_for_them(browser: Chromium) -> None:
    """A phone's rules apply at a phone's width."""
    with looking(browser, mail(), at="#/1/html") as (_, watched):
        page = watched.page
        heading = page.frame_locator("iframe").locator("h1")
        expect(heading).to_have_css("color", "rgb(0, 0, 0)")
        page.get_by_role("button", name="375").click()
        expect(heading).to_have_css("color", "rgb(255, 0, 0)")
        expect(page.locator("iframe")).to_have_css("width", "375px")
        page.get_by_role("button", name="768").click()
        expect(page.locator("iframe")).to_have_css("width", "768px")


@pytest.mark.parametrize("dark", [False, True])
def test_colours_when_chosen_then_the_mails_own_dark_rules_are_what_decides(browser: Chromium, *, dark: bool) -> None:
    """Not what the browser of the person who looks prefers."""
    with looking(browser, mail(), at="#/1/html", dark=dark) as (_, watched):
        page = watched.page
        body = page.frame_locator("iframe").locator("body")
        expect(body).to_have_css("color", "rgb(0, 0, 0)")
        page.get_by_role("button", name="Dark, as the mail has it").click()
        expect(body).to_have_css("color", "rgb(255, 255, 255)")
        page.get_by_role("button", name="Dark, forced on it").click()
        expect(page.frame_locator("iframe").locator("html")).to_have_css("filter", re.compile("invert"))


@pytest.mark.parametrize(("width", "beside"), [(375, False), (768, True), (1440, True)])
def test_page_at_a_width_then_nothing_is_wider_than_it(browser: Chromium, width: int, *, beside: bool) -> None:
    """On a phone list and message take turns; otherwise they stand side by side."""
    long = mail(
        subject="A very long subject " * 12 + "x" * 300,
        to="a-very-long-address-indeed@" + "sub." * 12 + "example.com",
        file=True,
    )
    with looking(browser, long, mail(), width=width) as (_, watched):
        page = watched.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator(".row").last.click()
        expect(page.locator("h1")).to_contain_text("A very long subject")
        assert page.locator(".side").is_visible() is beside
        for tab in page.get_by_role("tab").all():
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        if not beside:
            page.get_by_role("button", name="Back to the list").click()
            expect(page.locator(".side")).to_be_visible()


def test_theme_when_switched_then_it_stays_so(browser: Chromium) -> None:
    """Over a reload."""
    with looking(browser) as (_, watched):
        page = watched.page
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_title("Light or dark").click()
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_file_when_clicked_then_it_is_saved_under_its_name(browser: Chromium) -> None:
    """With its umlauts."""
    with looking(browser, mail(file=True), at="#/1") as (_, watched):
        with watched.page.expect_download() as download:
            watched.page.locator(".file").click()
        assert download.value.suggested_filename == "Rechnung März.pdf"
        assert download.value.path().read_bytes() == b"%PDF-1.4"


def test_compare_when_two_got_a_mailing_then_the_difference_is_shown(browser: Chromium) -> None:
    """With the one below, unless another is named."""
    with looking(
        browser, mail("ann@example.com", text="Dear Ann"), mail("bob@example.com", text="Dear Bob"), at="#/2"
    ) as (_, watched):
        page = watched.page
        page.get_by_title("Compare with another").click()
        expect(page.locator(".diff .del").filter(has_text="Dear Bob")).to_be_visible()
        expect(page.locator(".diff .ins").filter(has_text="Dear Ann")).to_be_visible()


def test_release_when_allowed_then_it_is_sent_from_the_page(browser: Chromium) -> None:
    """And the relay's answer is shown; where it is not allowed, there is no button."""
    with (
        Inbox() as relay,
        looking(browser, mail(), at="#/1", release=Release(relay.url, ("*@example.com",))) as (_, watched),
    ):
        page = watched.page
        page.get_by_title("Release to a real relay").click()
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("bob@example.com: accepted")).to_be_visible()
        assert relay.only().subject == "Hello"
    with looking(browser, mail(), at="#/1") as (_, watched):
        expect(watched.page.locator("h1")).to_be_visible()
        expect(watched.page.get_by_title("Release to a real relay")).to_have_count(0)


def test_faults_when_added_in_the_page_then_the_server_does_wrong(browser: Chromium) -> None:
    """And the refused session is there to read."""
    with looking(browser) as (inbox, watched):
        page = watched.page
        page.get_by_title("Faults on purpose").click()
        page.get_by_label("A rule").fill("rcpt 550 'nobody here'")
        page.get_by_role("button", name="Add").click()
        expect(page.locator(".rule code")).to_have_text(["rcpt: 550 5.1.1 nobody here"])
        page.get_by_label("A rule").fill("never 550")
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("alert").filter(has_text="is no stage")).to_be_visible()
        page.get_by_label("Close").click()
        with Mailer(inbox.url) as mailer, pytest.raises(RecipientsRefused):
            mailer.send(mail())
        page.get_by_title("Sessions that ended in no message").click()
        expect(page.locator(".wire .r").first).to_contain_text("550 5.1.1 nobody here")


def test_import_when_a_file_is_chosen_then_its_messages_are_there(browser: Chromium) -> None:
    """An .eml file or an mbox."""
    raw = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: From a file\r\n\r\nHi\r\n"
    with looking(browser) as (_, watched):
        page = watched.page
        page.locator("#import").set_input_files([{"name": "x.eml", "mimeType": "message/rfc822", "buffer": raw}])
        expect(page.locator(".row .what")).to_have_text(["From a file"])


def test_connection_when_the_inbox_ends_then_the_page_says_so(browser: Chromium) -> None:
    """And it does not pretend to be live."""
    with Inbox() as inbox:
        site = Site(inbox)
        with contextmanager(_closing)(site), browser.opened(site.url) as watched:
            expect(watched.page.locator("#live")).to_have_class("live on")
            site.__exit__(None, None, None)
            expect(watched.page.locator("#live")).to_have_class("live off")


def _closing(site: Site) -> Iterator[None]:
    site.__enter__()
    try:
        yield
    finally:
        site.__exit__(None, None, None)
