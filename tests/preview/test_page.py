"""The page of previews in a real browser: what a person sees who writes a template."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailkit import Templates
from mailkit.preview import Previews, PreviewSite
from tests.kit.browser import Chromium, Watched, expect
from tests.kit.trap import trap

pytestmark = pytest.mark.slow

NEVER = 3600.0  # seconds: where a test says itself when the files are looked at


@contextmanager
def looking(
    browser: Chromium, folder: Path | None, *, at: str = "", width: int = 1440, dark: bool = False, **options: Any
) -> Iterator[tuple[PreviewSite, Watched]]:
    """The page of a folder in a browser; it runs nothing that fails, and asks nobody else for anything."""
    previews = Previews(Templates(folder) if folder else None)
    with (
        PreviewSite(previews, every=NEVER, **options) as site,
        browser.opened(site.url + at, width=width, dark=dark) as watched,
    ):
        watched.page.wait_for_selector("body[data-ready]")
        expect(watched.page.locator("#live")).to_have_class("live on")
        yield site, watched
        assert watched.errors == []
        assert watched.dialogs == []
        assert watched.foreign(site.url) == []


def change(site: PreviewSite, folder: Path, name: str, text: str) -> None:
    """Save a file as an editor does, and look."""
    (folder / name).write_text(text, encoding="utf-8")
    assert name in site.watcher.look()


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_page_when_opened_then_a_template_is_shown_with_its_sample(browser: Chromium, folder: Path) -> None:
    """The one that was named; the list has the others."""
    with looking(browser, folder, template="welcome.html") as (_, watched):
        page = watched.page
        expect(page.locator(".template b")).to_have_text(["note.txt", "welcome.html"])
        expect(page.locator(".template[aria-current] b")).to_have_text("welcome.html")
        expect(page.locator("h1")).to_have_text("Welcome, Zoë")
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello, Zoë")
        expect(page.locator(".people")).to_contain_text("hello@fernlight.example")
        expect(page.locator(".people .tag")).to_have_text(["stand-in"])
        expect(page.locator("#sample")).to_have_text("welcome.sample.json")
        page.keyboard.press("k")
        expect(page.locator("h1")).to_have_text("does not render")  # it has no sample


def test_tabs_when_each_is_opened_then_it_shows_what_it_is_called(browser: Chromium, folder: Path) -> None:
    """Those of the inbox but for the technical one, and the template's own files."""
    with looking(browser, folder, at="#/welcome.html/en/html") as (_, watched):
        page = watched.page
        panel = page.get_by_role("tabpanel")
        expect(page.get_by_role("tab")).to_have_text(
            ["HTML", "HTML Source", "Template", "Text", "Raw", "Headers", "Spam Analysis", "Check HTML"]
        )
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello, Zoë")
        page.get_by_role("tab", name="HTML Source").click()
        expect(panel).to_contain_text("<h1>Hello, Zoë</h1>")
        page.get_by_role("tab", name="Template").click()
        expect(panel.locator("#line-6 .t")).to_have_text("<h1>Hello, {{ name }}</h1>")
        panel.get_by_role("button", name="layouts/base.html").click()
        expect(panel.locator("#line-4 .t")).to_have_text(".box { display: grid; color: teal }")
        expect(panel.locator("#line-4 ~ .remark").first).to_contain_text("display:grid")
        page.get_by_role("tab", name="Text").click()
        expect(panel).to_contain_text("Your plan is Small.")
        page.keyboard.press("5")
        expect(panel).to_contain_text("Content-Type: multipart/alternative")
        page.get_by_role("tab", name="Headers").click()
        expect(panel.get_by_role("row").filter(has_text="Message-ID")).to_be_visible()
        page.get_by_role("tab", name="Spam Analysis").click()
        expect(panel).to_contain_text("No spam filter is asked")
        page.get_by_role("tab", name="Check HTML").click()
        expect(panel.get_by_role("img", name="supported")).to_be_visible()


def test_widths_and_colours_when_chosen_then_the_page_is_laid_out_for_them(browser: Chromium, folder: Path) -> None:
    """And stay so while the template changes."""
    with looking(browser, folder, at="#/welcome.html/en/html") as (site, watched):
        page = watched.page
        page.get_by_role("button", name="375").click()
        page.get_by_role("button", name="Dark, forced on it").click()
        expect(page.locator("iframe")).to_have_css("width", "375px")
        change(site, folder, "welcome.sample.json", '{"name": "Bob", "plan": {"name": "x"}}')
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello, Bob")
        expect(page.locator("iframe")).to_have_css("width", "375px")
        expect(page.get_by_role("button", name="Dark, forced on it")).to_have_attribute("aria-pressed", "true")


def test_starters_when_there_is_no_folder_then_they_can_be_looked_at(browser: Chromium) -> None:
    """Found by their purpose, in their languages."""
    with looking(browser, None) as (_, watched):
        page = watched.page
        expect(page.locator(".template")).to_have_count(10)
        page.keyboard.press("/")
        page.keyboard.type("bought and paid")
        expect(page.locator(".template b")).to_have_text(["receipt.html"])
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Your receipt from Fernlight, F-20418")
        page.get_by_label("Language").select_option("de")
        expect(page.locator("h1")).to_have_text("Ihr Beleg von Fernlight, F-20418")


# -- files that change -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("welcome.html", "Hello, {{ name }}", "Good day, {{ name }}"),
        ("layouts/base.html", "{% block content %}", "<h1>Good day, Zoë</h1>{% block content %}"),
        ("welcome.sample.json", '"Zoë"', '"Zoë. Good day, Zoë"'),
    ],
)
def test_file_when_it_is_saved_then_the_page_shows_it_without_a_reload(
    browser: Chromium, folder: Path, name: str, before: str, after: str
) -> None:
    """Template, layout and sample alike."""
    with looking(browser, folder, at="#/welcome.html/en/html") as (site, watched):
        page = watched.page
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello, Zoë")
        page.evaluate("window.isSame = true")
        change(site, folder, name, (folder / name).read_text(encoding="utf-8").replace(before, after))
        expect(page.frame_locator("iframe").locator("h1").first).to_contain_text("Good day, Zoë")
        assert page.evaluate("window.isSame")


def test_file_when_it_is_watched_by_the_thread_then_the_page_shows_it_too(browser: Chromium, folder: Path) -> None:
    """As it is when nobody tests: every now and then, while the page is open."""
    with (
        PreviewSite(Previews(Templates(folder)), every=0.05) as site,
        browser.opened(site.url + "#/welcome.html/en/html") as watched,
    ):
        expect(watched.page.locator("#live")).to_have_class("live on")
        expect(watched.page.locator("h1")).to_have_text("Welcome, Zoë")
        text = (folder / "welcome.html").read_text(encoding="utf-8")
        (folder / "welcome.html").write_text(text.replace("Welcome,", "Be welcome,"), encoding="utf-8")
        expect(watched.page.locator("h1")).to_have_text("Be welcome, Zoë")


def test_file_when_it_comes_and_goes_then_the_list_says_so(browser: Chromium, folder: Path) -> None:
    """And a template that is gone is not shown any more."""
    with looking(browser, folder, at="#/welcome.html/en/html") as (site, watched):
        page = watched.page
        change(site, folder, "new.html", "Subject: New\n\n<p>x")
        expect(page.locator(".template b")).to_have_text(["new.html", "note.txt", "welcome.html"])
        (folder / "welcome.html").unlink()
        site.watcher.look()
        expect(page.locator("#problem")).to_contain_text("there is no template 'welcome.html'")
        expect(page.get_by_text("Choose a template.")).to_be_visible()


def test_file_when_another_changes_then_what_is_shown_stays_as_it_is(browser: Chromium, folder: Path) -> None:
    """The frame is not loaded anew, so that nothing moves."""
    with looking(browser, folder, at="#/welcome.html/en/html") as (site, watched):
        page = watched.page
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello, Zoë")
        page.evaluate("document.querySelector('iframe').isSame = true")
        with page.expect_response(lambda response: response.url.endswith("/api/previews")):
            change(site, folder, "note.txt", "Subject: Another note\n\nx")
        expect(page.locator(".template span").first).to_have_text("Another note")
        assert page.evaluate("document.querySelector('iframe').isSame")


# -- languages and data ------------------------------------------------------------------------------------------------


def test_language_when_chosen_then_its_translation_is_shown(browser: Chromium, folder: Path) -> None:
    """And the address keeps it."""
    with looking(browser, folder, at="#/welcome.html/en/html") as (_, watched):
        page = watched.page
        page.get_by_label("Language").select_option("de")
        expect(page.locator("h1")).to_have_text("Willkommen, Zoë")
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hallo, Zoë")
        expect(page.locator(".facts")).to_contain_text("welcome.de.html")
        page.reload()
        expect(page.locator("h1")).to_have_text("Willkommen, Zoë")


def test_data_when_it_is_changed_then_the_page_follows_and_no_file_does(browser: Chromium, folder: Path) -> None:
    """As one types; what is no JSON is said with its line, and what was shown stays; reset takes the sample again."""
    with looking(browser, folder, at="#/welcome.html/en/html") as (_, watched):
        page = watched.page
        area = page.get_by_label("Data as JSON")
        expect(area).to_have_value((folder / "welcome.sample.json").read_text(encoding="utf-8"))
        area.fill('{"name": "Bob", "plan": {"name": "Large"}}')
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello, Bob")
        expect(page.locator("#edited")).to_be_visible()
        area.fill('{\n"name": "Ann"\n"plan": {}}')
        expect(page.locator("#wrong")).to_contain_text("Expecting ',' delimiter")
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello, Bob")
        page.locator("#wrong").get_by_role("button", name="line 3").click()
        assert page.evaluate("(at => at.value.slice(at.selectionStart, at.selectionEnd))(document.activeElement)") == (
            '"plan": {}}'
        )
        area.fill("{}")
        expect(page.locator(".card")).to_contain_text("There is no 'name' in the data")
        page.get_by_role("button", name="Reset").click()
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Hello, Zoë")
        expect(page.locator("#edited")).to_be_hidden()
        assert json.loads((folder / "welcome.sample.json").read_text(encoding="utf-8"))["name"] == "Zoë"


def test_data_when_another_template_is_looked_at_then_what_was_typed_is_kept(browser: Chromium, folder: Path) -> None:
    """Each template has its own; a saved sample does not take it away."""
    with looking(browser, folder, at="#/note.txt/en/text") as (site, watched):
        page = watched.page
        page.get_by_label("Data as JSON").fill('{"name": "Bob"}')
        expect(page.get_by_role("tabpanel")).to_contain_text("Dear Bob")
        page.locator(".template", has_text="welcome").click()
        expect(page.locator("h1")).to_have_text("Welcome, Zoë")
        change(site, folder, "note.sample.json", '{"name": "Ann"}')
        page.locator(".template", has_text="note").click()
        expect(page.get_by_role("tabpanel")).to_contain_text("Dear Bob")
        page.get_by_role("button", name="Reset").click()
        expect(page.get_by_role("tabpanel")).to_contain_text("Dear Ann")


# -- what is wrong -----------------------------------------------------------------------------------------------------


def test_error_when_a_template_breaks_then_a_card_says_where_until_it_is_mended(
    browser: Chromium, folder: Path
) -> None:
    """With the line marked, the hint, and the way to the whole file; then the tab from before is back."""
    with looking(browser, folder, at="#/welcome.html/en/html") as (site, watched):
        page = watched.page
        good = (folder / "welcome.html").read_text(encoding="utf-8")
        change(site, folder, "welcome.html", good.replace("plan.name", "plan.nmae"))
        card = page.locator(".card")
        expect(card).to_contain_text("There is no 'nmae' in a dict")
        expect(card).to_contain_text("Did you mean 'name'?")
        expect(card.locator(".hit .n")).to_have_text("7")
        expect(card.locator(".hit .t")).to_contain_text("{{ plan.nmae }}")
        expect(page.get_by_role("tab", name="Raw")).to_be_disabled()
        card.get_by_role("button", name="welcome.html:7").click()
        expect(page.get_by_role("tab", name="Template")).to_have_attribute("aria-selected", "true")
        expect(page.locator(".remark.error")).to_contain_text("There is no 'nmae'")
        expect(page.locator("#line-7")).to_be_in_viewport()
        page.get_by_role("tab", name="Error").click()
        change(site, folder, "welcome.html", good.replace("Hello", "Mended"))
        page.get_by_role("tab", name="HTML", exact=True).click()
        expect(page.frame_locator("iframe").locator("h1")).to_have_text("Mended, Zoë")
        expect(page.get_by_role("tab", name="Error")).to_be_hidden()


def test_finding_when_its_place_is_clicked_then_the_line_of_the_template_is_shown(
    browser: Chromium, folder: Path
) -> None:
    """The template's, the layout's, and as ever that of the HTML."""
    with looking(browser, folder, at="#/welcome.html/en/check") as (_, watched):
        page = watched.page
        panel = page.get_by_role("tabpanel")
        grid = panel.locator(".finding").filter(has_text="display:grid")
        grid.get_by_role("button", name="layouts/base.html:4").click()
        expect(page.get_by_role("tab", name="Template")).to_have_attribute("aria-selected", "true")
        expect(panel.locator(".hit .t")).to_have_text(".box { display: grid; color: teal }")
        page.get_by_role("tab", name="Spam Analysis").click()
        link = panel.locator(".finding").filter(has_text="A link leads to an example")
        link.get_by_role("button", name="welcome.html:8").click()
        expect(panel.locator(".hit .t")).to_contain_text('<a href="http://fernlight.example/start">')
        page.get_by_role("tab", name="Spam Analysis").click()
        link.get_by_role("button", name="line").click()
        expect(page.get_by_role("tab", name="HTML Source")).to_have_attribute("aria-selected", "true")
        expect(panel.locator(".hit .t")).to_contain_text("fernlight.example/start")


# -- widths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "beside"), [(375, False), (768, True), (1440, True)])
def test_page_at_a_width_then_nothing_is_wider_than_it(
    browser: Chromium, folder: Path, width: int, *, beside: bool, dark: bool
) -> None:
    """On a phone list, preview and data take turns; otherwise they stand side by side."""
    long = "Subject: " + "x" * 300 + " {{ name }}\n\n<p>{{ " + "y" * 200 + " }}</p>"
    (folder / f"{'long-' * 20}name.html").write_text(long)
    with looking(browser, folder, width=width, dark=dark, at="#/welcome.html/en/html") as (_, watched):
        page = watched.page

        def fits() -> None:
            assert page.evaluate("document.documentElement.scrollWidth") <= width

        expect(page.locator("h1")).to_have_text("Welcome, Zoë")
        for tab in page.get_by_role("tab").all():
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            fits()
        if not beside:
            expect(page.locator(".side")).to_be_hidden()
            page.get_by_role("button", name="Data").click()
            page.get_by_label("Data as JSON").fill('{"name": "Bob", "plan": {"name": "x"}}')
            fits()
            page.get_by_role("button", name="Done").click()
            expect(page.locator("h1")).to_have_text("Welcome, Bob")
            page.get_by_role("button", name="Back to the list").click()
        expect(page.locator(".side")).to_be_visible()
        page.locator(".template", has_text="long-").click()
        expect(page.locator(".card")).to_be_visible()
        fits()


# -- hostile data ------------------------------------------------------------------------------------------------------


def test_hostile_data_when_it_is_rendered_then_nothing_runs_and_nothing_is_fetched(
    browser: Chromium, folder: Path
) -> None:
    """Even where the template takes it for markup: not in the frame, not in any tab, not in a tab of its own."""
    with trap() as web:
        evil = (
            f"<img src='{web.url}/img' onerror=alert(1)><script>fetch('{web.url}/s');top.pwned=1</script>"
            f"<meta http-equiv=refresh content='0;url={web.url}/r'><svg onload=alert(1)>\"'"
        )
        (folder / "evil.html").write_text("Subject: {{ name }}\n\n<p>{{ name | safe }}</p><p>{{ name }}</p>")
        (folder / "evil.sample.json").write_text(json.dumps({"name": evil}))
        with looking(browser, folder, at="#/evil.html/en/html") as (site, watched):
            page = watched.page
            expect(page.locator("h1")).to_have_text(evil)
            expect(page.frame_locator("iframe").locator("p").last).to_contain_text("onerror=alert(1)")
            for tab in page.get_by_role("tab").all():
                tab.click()
                expect(tab).to_have_attribute("aria-selected", "true")
                expect(page.locator(".wait")).to_have_count(0)
            assert page.locator("main img[onerror], main script").count() == 0
            assert page.evaluate("window.pwned") is None
            alone = page.context.new_page()
            alone.goto(f"{site.url}view/1")
            assert alone.url == f"{site.url}view/1"
            assert web.paths == []
            watched.requests.clear()  # what was refused has been written down, too


def test_hostile_names_when_shown_then_they_are_text(browser: Chromium, folder: Path) -> None:
    """Of files, in errors, and in what is typed."""
    name = "<img src=x onerror=alert(1)>.html"
    (folder / name).write_text("Subject: <b>x</b>\n\n<p>\n{{ '<img src=x onerror=alert(1)>' | nope }}")
    with looking(browser, folder) as (_, watched):
        page = watched.page
        page.locator(".template b", has_text="onerror").click()
        expect(page.locator(".card .hit .t")).to_contain_text("onerror=alert(1)")
        page.get_by_label("Data as JSON").fill('{"<img src=x onerror=alert(1)>": <img src=x onerror=alert(1)>}')
        expect(page.locator("#wrong")).to_contain_text("line 1")
        assert page.locator("img[onerror]").count() == 0


def test_images_when_asked_for_then_they_come_and_not_before(browser: Chromium, folder: Path) -> None:
    """By one click, for this template; another one waits for its own."""
    with trap() as web:
        for name in ("one", "two"):
            (folder / f"{name}.html").write_text(f"Subject: {name}\n\n<img src='{web.url}/{name}.gif'>")
        with (
            PreviewSite(Previews(Templates(folder)), every=NEVER) as site,
            browser.opened(site.url + "#/one.html/en/html") as watched,
        ):
            page = watched.page
            expect(page.get_by_text("1 remote file blocked")).to_be_visible()
            assert web.paths == []
            with page.expect_response(lambda response: response.url.endswith("/one.gif")):
                page.get_by_role("button", name="Load").click()
            page.locator(".template", has_text="two").first.click()
            expect(page.locator("h1")).to_have_text("two")
            expect(page.get_by_text("1 remote file blocked")).to_be_visible()
            assert web.paths == ["/one.gif"]
