"""Pages and mails as axe-core judges them: whoever reads by keyboard, screen reader or with weak eyes reads them too."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from mailkit import Mailer, MessageBuilder, Templates
from mailkit.bulk import Journal, publish
from mailkit.bulk.unsubscribe import Page as UnsubscribePage
from mailkit.bulk.unsubscribe import View
from mailkit.errors import RecipientsRefused
from mailkit.inbox import Inbox, Site
from mailkit.preview import Previews, PreviewSite
from mailkit.template import starters
from tests.bulk.test_publish import of_every_kind, settle
from tests.kit.browser import Chromium, browser, expect
from tests.kit.daemon import need
from tests.kit.judges import FOLDER

__all__ = ["browser"]

pytestmark = pytest.mark.slow

SEEN = pytest.mark.parametrize(("width", "dark"), [(375, False), (375, True), (1440, False), (1440, True)])
EACH_ONCE = pytest.mark.parametrize(("width", "dark"), [(375, False), (1440, True)])
TEMPLATES = Path(__file__).parents[2] / "templates"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}  # a mail has no landmarks, as a page has


@pytest.fixture(scope="module")
def axe() -> str:
    """The judge, which runs within the page."""
    program = FOLDER / "node_modules/axe-core/axe.min.js"
    need("axe-core", None if program.exists() else "not installed: axe-core (bash .ci/install-judges)")
    return program.read_text(encoding="utf-8")


def faults(page: Page, axe: str, *, only: dict[str, list[str]] | None = None) -> list[str]:
    """What it finds wrong, once nothing moves; frames, which hold the mail, are not looked into."""
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished))")
    page.evaluate(axe)
    found = page.evaluate("(options) => axe.run(document, { iframes: false, ...options })", only or {})
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def test_judge_finds_what_is_wrong(browser: Chromium, axe: str, tmp_path: Path) -> None:
    """Or nothing would be said by its silence."""
    file = tmp_path / "wrong.html"
    file.write_text(
        '<!doctype html><html lang="en"><title>x</title><main><h1>x</h1><img src="x.png">', encoding="utf-8"
    )
    with browser.opened(file.as_uri()) as watched:
        (fault,) = faults(watched.page, axe)
    assert fault.startswith("image-alt: ")


@contextmanager
def inbox_page(browser: Chromium, *, width: int, dark: bool) -> Iterator[Page]:
    """The inbox with mail of all kinds in it."""
    sample = json.loads((TEMPLATES / "receipt.sample.json").read_text(encoding="utf-8"))
    receipt = Templates(TEMPLATES).compose("receipt.html", sample).from_("Ada <ada@example.com>").to("zoe@example.com")
    with Inbox(rules=("rcpt eve@* 550",)) as inbox, Site(inbox) as site, Mailer(inbox.url) as mailer:
        mailer.send(receipt.bcc("boss@example.com").attach(b"%PDF-1.4", filename="a.pdf").build())
        mailer.send(MessageBuilder().from_("ada@example.com").to("b@example.com").text("Dear {{ name }}").build())
        with pytest.raises(RecipientsRefused):
            mailer.send(MessageBuilder().from_("ada@example.com").to("eve@example.com").text("Hi").build())
        inbox.archive.tag(1, ["welcome"])
        inbox.archive.mark("id:2")
        with browser.opened(site.url, width=width, dark=dark) as watched:
            watched.page.wait_for_selector("body[data-ready]")
            watched.page.wait_for_selector(".row")
            yield watched.page


@SEEN
def test_inbox_is_accessible_in_every_tab(browser: Chromium, axe: str, *, width: int, dark: bool) -> None:
    """The list, the eight tabs, and the dialogs."""
    with inbox_page(browser, width=width, dark=dark) as page:
        assert faults(page, axe) == []
        for name in ("Connect", "Faults", "Sessions", "Keys"):
            page.locator("[data-open]").filter(has_text=name).click()
            expect(page.locator("dialog")).to_be_visible()
            assert faults(page, axe) == [], name
            page.keyboard.press("Escape")
        page.locator("#m1").click()
        for tab in page.get_by_role("tab").all():
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            expect(page.locator(".panel .wait")).to_have_count(0)
            assert faults(page, axe) == [], tab.text_content()


@SEEN
def test_previews_are_accessible_in_every_tab(
    browser: Chromium, axe: str, tmp_path: Path, *, width: int, dark: bool
) -> None:
    """The list of templates with the editor, the tabs, and a template that fails."""
    (tmp_path / "wrong.html").write_text("Subject: x\n\n{{ nmae }}\n{% if %}", encoding="utf-8")
    (tmp_path / "note.html").write_text('Subject: Hi {{ name }}\n\n<p style="display:grid">Hi', encoding="utf-8")
    (tmp_path / "note.sample.json").write_text('{"name": "Zoë"}', encoding="utf-8")
    with PreviewSite(Previews(Templates(tmp_path)), every=3600.0) as site:
        for name in ("note", "wrong"):
            with browser.opened(f"{site.url}#/{name}.html/en/html", width=width, dark=dark) as watched:
                page = watched.page
                page.wait_for_selector("body[data-ready]")
                page.wait_for_selector("[role=tab][aria-selected=true]")
                for tab in page.get_by_role("tab").all():
                    if tab.is_enabled():
                        tab.click()
                        expect(page.locator(".panel .wait")).to_have_count(0)
                        assert faults(page, axe) == [], f"{name}, {tab.text_content()}"


@SEEN
def test_report_of_a_campaign_is_accessible(
    browser: Chromium, axe: str, tmp_path: Path, *, width: int, dark: bool
) -> None:
    """The file that is sent round."""
    with Journal(tmp_path / "j.db", name="spring") as journal:
        settle(journal, *of_every_kind())
        publish(journal, tmp_path / "r.html")
    with browser.opened((tmp_path / "r.html").as_uri(), width=width, dark=dark) as watched:
        assert faults(watched.page, axe) == []


@EACH_ONCE
@pytest.mark.parametrize("view", list(View))
def test_page_to_unsubscribe_is_accessible(
    browser: Chromium, axe: str, tmp_path: Path, *, view: View, width: int, dark: bool
) -> None:
    """The law asks that everybody can leave."""
    file = tmp_path / "page.html"
    file.write_text(UnsubscribePage(view, "en", "News", "z•••@e•••.com", can_undo=True).render(), encoding="utf-8")
    with browser.opened(file.as_uri(), width=width, dark=dark) as watched:
        assert faults(watched.page, axe) == []


@EACH_ONCE
@pytest.mark.parametrize("name", starters())
def test_starters_are_accessible_mails(
    browser: Chromium, axe: str, tmp_path: Path, *, name: str, width: int, dark: bool
) -> None:
    """With their samples, in both colours."""
    sample = json.loads((TEMPLATES / f"{name}.sample.json").read_text(encoding="utf-8"))
    builder = Templates(TEMPLATES).compose(f"{name}.html", sample).from_("a@example.com").to("b@example.com")
    file = tmp_path / "mail.html"
    file.write_text(builder.build().html or "", encoding="utf-8")
    with browser.opened(file.as_uri(), width=width, dark=dark) as watched:
        assert faults(watched.page, axe, only=WCAG) == []
