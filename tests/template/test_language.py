"""The language of a rendering: which file is taken, what the page knows of it, and what is no language."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailkit import Templates
from mailkit.errors import MailkitError, MessageError, TemplateMissing
from mailkit.template import language
from tests.kit.bothways import both

FILES = {
    "receipt.html": "Subject: Receipt\nX-Shop: Tea\nPreheader: Thanks\n\n<p>original in {{ locale }}</p>",
    "receipt.de.html": "Subject: Quittung\n\n<p>deutsch in {{ locale }}</p>",
    "receipt.pt_BR.html": "<p>brasileiro in {{ locale }}</p>",
    "receipt.zh-Hant.html": "<p>traditional in {{ locale }}</p>",
}


# -- which file ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("de", "deutsch in de"),
        ("DE", "deutsch in de"),
        ("de-AT", "deutsch in de-AT"),
        ("de_AT", "deutsch in de-AT"),
        ("de-at", "deutsch in de-AT"),
        ("DE_at", "deutsch in de-AT"),
        (" de ", "deutsch in de"),
        ("de_DE.UTF-8", "deutsch in de-DE"),
        ("pt-BR", "brasileiro in pt-BR"),
        ("pt_br", "brasileiro in pt-BR"),
        ("pt-PT", "original in pt-PT"),
        ("pt", "original in pt"),
        ("zh-hant-tw", "traditional in zh-Hant-TW"),
        ("ZH_HANT", "traditional in zh-Hant"),
        ("zh", "original in zh"),
        ("fr", "original in fr"),
        ("es-419", "original in es-419"),
        ("xx", "original in xx"),
    ],
)
def test_render_with_a_locale_takes_the_nearest_translation(locale: str, said: str) -> None:
    """The language itself, then the wider ones, then the original; however it is written."""
    assert both(FILES, "receipt.html", locale=locale).text == f"{said}\n"
    assert both(FILES, "receipt.html", {"locale": locale}).text == f"{said}\n"
    assert Templates(FILES, locale=locale).render("receipt.html").text == f"{said}\n"


def test_render_with_several_locales_given_takes_the_nearest_to_the_call() -> None:
    """By call, then by context, then that of the templates, then English."""
    templates = Templates(FILES, locale="pt-BR")
    assert templates.render("receipt.html", {"locale": "zh-Hant"}, locale="de").text == "deutsch in de\n"
    assert templates.render("receipt.html", {"locale": "zh-Hant"}).text == "traditional in zh-Hant\n"
    assert templates.render("receipt.html").text == "brasileiro in pt-BR\n"
    assert Templates(FILES).render("receipt.html").text == "original in en\n"


@pytest.mark.parametrize("nothing", [None, ""])
def test_render_with_an_empty_locale_in_the_context_takes_that_of_the_templates(nothing: object) -> None:
    """A column that is empty for some says nothing."""
    assert Templates(FILES, locale="de").render("receipt.html", {"locale": nothing}).text == "deutsch in de\n"


@pytest.mark.parametrize("locale", ["de-AT", "de_AT"])
@pytest.mark.parametrize("written", ["de-AT", "de_AT"])
def test_render_with_a_variant_of_a_country_goes_before_the_language(written: str, locale: str) -> None:
    """Both spellings are found, and the country's own file is the nearer one."""
    files = {**FILES, f"receipt.{written}.html": "<p>servus</p>"}
    assert Templates(files).render("receipt.html", locale=locale).text == "servus\n"
    assert Templates(files).render("receipt.html", locale="de-CH").text == "deutsch in de-CH\n"


@pytest.mark.parametrize("ending", ["html", "htm", "txt", "md", "mjml"])
def test_render_with_any_kind_of_template_finds_its_translation(ending: str) -> None:
    """Markdown, MJML and text have translations as HTML has."""
    body = "{0}"
    if ending == "mjml":
        body = "<mjml><mj-body><mj-section><mj-column><mj-text>{0}</mj-text></mj-column></mj-section></mj-body></mjml>"
    files = {f"a.{ending}": body.format("original"), f"a.de.{ending}": body.format("deutsch")}
    assert both(files, f"a.{ending}", locale="de-AT").text.strip() == "deutsch"
    assert both(files, f"a.{ending}", locale="fr").text.strip() == "original"


def test_render_with_a_template_in_a_folder_looks_beside_it() -> None:
    """The language stands before the ending, not after the folder."""
    files = {"mails/a.html": "original", "mails/a.de.html": "deutsch", "mails.de/a.html": "no"}
    assert Templates(files).render("mails/a.html", locale="de").html == "deutsch"


def test_render_with_a_text_beside_a_translation_takes_that_one() -> None:
    """The hand-written text of the original is not that of the translation."""
    files = {"a.html": "<p>x</p>", "a.txt": "by hand", "a.de.html": "<p>y</p>", "a.fr.html": "<p>z</p>"}
    files["a.fr.txt"] = "à la main"
    assert Templates(files).render("a.html").text == "by hand"
    assert Templates(files).render("a.html", locale="fr").text == "à la main"
    assert Templates(files).render("a.html", locale="de").text == "y\n"


def test_render_with_a_translation_that_appears_takes_it(tmp_path: Path) -> None:
    """A file that is added is found, one that goes is no longer taken."""
    (tmp_path / "a.txt").write_text("original")
    templates = Templates(tmp_path, locale="de")
    assert templates.render("a.txt").text == "original"
    (tmp_path / "a.de.txt").write_text("deutsch")
    assert templates.render("a.txt").text == "deutsch"
    (tmp_path / "a.de.txt").unlink()
    assert templates.render("a.txt").text == "original"


def test_render_without_the_original_still_finds_the_translation() -> None:
    """And one that is nowhere is missing by the name that was asked for."""
    assert Templates({"a.de.txt": "nur deutsch"}).render("a.txt", locale="de").text == "nur deutsch"
    with pytest.raises(TemplateMissing) as caught:
        Templates(FILES).render("nope.html", locale="de")
    assert caught.value.name == "nope.html"


def test_render_in_many_threads_keeps_languages_apart() -> None:
    """One object serves all languages at once, and each page is in its own."""
    templates = Templates({"a.html": "<p>{{ locale }} {{ 1234.5 | number(2) }}</p>"})
    wanted = {"en": "en 1,234.50\n", "de": "de 1.234,50\n", "fr": "fr 1\u202f234,50\n", "pl": "pl 1\xa0234,50\n"}
    wrong: list[str] = []

    def work(locale: str) -> None:
        wrong.extend(
            text for _ in range(20) if (text := templates.render("a.html", locale=locale).text) != wanted[locale]
        )

    threads = [threading.Thread(target=work, args=(locale,)) for locale in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# -- what it says ----------------------------------------------------------------------------------------------------


def test_render_with_a_translation_has_the_other_headers_of_the_original() -> None:
    """What a translation does not say itself it has from the original; a preheader in another language is none."""
    page = both(FILES, "receipt.html", locale="de")
    assert dict(page.headers) == {"Subject": "Quittung", "X-Shop": "Tea"}
    assert "Thanks" not in page.html
    assert dict(both(FILES, "receipt.html", locale="pt-BR").headers) == {"Subject": "Receipt", "X-Shop": "Tea"}
    assert "Thanks" in both(FILES, "receipt.html").html


def test_render_with_headers_in_another_case_inherits_none_twice() -> None:
    """Header names have no case."""
    files = {"a.txt": "Subject: one\n\nx", "a.de.txt": "SUBJECT: eins\n\nx"}
    assert both(files, "a.txt", locale="de").headers == (("SUBJECT", "eins"),)


def test_render_with_an_inherited_header_renders_it_in_the_language_asked_for() -> None:
    """A date in the original's subject is told as the translation's reader tells dates."""
    files = {"a.txt": 'Subject: {{ "2026-11-24" | date }}\n\nx', "a.de.txt": "X-A: 1\n\nx"}
    assert both(files, "a.txt", locale="de").subject == "24.11.2026"


def test_render_with_a_fault_in_an_inherited_header_names_the_original() -> None:
    """The fault is told where it is."""
    files = {"a.txt": "X-A: 1\nX-B: {{ nope }}\n\nx", "a.de.txt": "Subject: x\n\nx"}
    with pytest.raises(MailkitError) as caught:
        Templates(files).render("a.txt", locale="de")
    assert (caught.value.name, caught.value.line) == ("a.txt", 2)


@pytest.mark.parametrize(("name", "said"), [("receipt.de.html", "de"), ("receipt.pt_BR.html", "pt-BR")])
def test_render_with_a_translation_by_its_own_name_is_in_its_language(name: str, said: str) -> None:
    """To look at a translation nobody has to say its language twice."""
    page = both(FILES, name)
    assert page.text.endswith(f" in {said}\n")
    assert dict(page.headers)["X-Shop"] == "Tea"


def test_render_with_a_translation_by_its_own_name_and_a_locale_has_the_same_headers() -> None:
    """Saying the language twice changes nothing."""
    assert both(FILES, "receipt.de.html", locale="de") == both(FILES, "receipt.de.html")


def test_render_with_a_name_that_only_looks_like_a_translation_is_in_the_usual_language() -> None:
    """Without an original, a dot in a name is a dot in a name."""
    assert both({"news.de.txt": "{{ locale }}"}, "news.de.txt").text == "en"
    assert both({"a.v2.txt": "{{ locale }}", "a.txt": "x"}, "a.v2.txt").text == "en"


def test_render_with_a_locale_in_the_page_has_its_usual_form() -> None:
    """It goes into <html lang>, whatever the data called it."""
    files = {"a.html": '<html lang="{{ locale }}"><p>x</p></html>'}
    assert both(files, "a.html", {"locale": "de_at"}).html.startswith('<html lang="de-AT">')


# -- what is no language ---------------------------------------------------------------------------------------------

NO_LANGUAGES = [
    "../../etc",
    "de/../x",
    "de/x",
    "..",
    ".",
    "/",
    "\\",
    "de\\x",
    "/etc/passwd",
    "de\nSubject: x",
    "de\r\nx",
    "de\0",
    "\0",
    "x",
    "C",
    "POSIX",
    "de-",
    "-de",
    "de--AT",
    "de-A",
    "dé",
    "ｄｅ",
    "٣٣",
    "d" * 100_000,
    "de-" * 1000 + "de",
    "{{ 7 * 7 }}",
    "%s",
    "de AT",
    "de,en",
    "*",
    "<b>",
    "\ud800",
]


@pytest.mark.parametrize("bad", NO_LANGUAGES, ids=lambda bad: ascii(bad)[:20])
def test_render_with_a_locale_that_is_no_language_is_refused(bad: str, tmp_path: Path) -> None:
    """It names no file, inside of the folder or outside."""
    root = tmp_path / "mails"
    root.mkdir()
    (root / "a.txt").write_text("original")
    (tmp_path / "x.txt").write_text("secret")
    for render in (
        lambda: Templates(root).render("a.txt", locale=bad),
        lambda: Templates(root).render("a.txt", {"locale": bad}),
        lambda: Templates(root, locale=bad),
    ):
        with pytest.raises(MessageError, match="is no language") as caught:
            render()
        assert caught.value.field == "locale"
        assert "de-AT" in caught.value.hint
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize("bad", [5, 1.5, True, b"de", ["de"], {"de": 1}, object])
def test_render_with_a_locale_that_is_no_text_is_refused(bad: object) -> None:
    """A column of numbers by that name is told, and does not break anything."""
    for render in (
        lambda: Templates(FILES).render("receipt.html", {"locale": bad}),
        lambda: Templates(FILES).render("receipt.html", locale=bad),
        lambda: Templates(FILES, locale=bad),
    ):
        with pytest.raises(MessageError, match="is no language"):
            render()


def test_templates_with_none_for_a_locale_are_refused() -> None:
    """There is always a language; None is not the word for the usual one."""
    with pytest.raises(MessageError, match="is no language"):
        Templates(FILES, locale=None)


def test_render_with_a_locale_object_takes_its_name() -> None:
    """Babel's own locales are written as de_AT."""
    assert both(FILES, "receipt.html", {"locale": language.conventions("de-AT")}).text == "deutsch in de-AT\n"


@given(st.text(max_size=12))
def test_tag_with_any_text_is_a_tag_or_refused(text: str) -> None:
    """What comes out can stand in a file's name, and comes out as itself."""
    try:
        found = language.tag(text)
    except MessageError:
        return
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
    assert language.tag(found) == found
    assert language.tag(found.replace("-", "_").upper()) == found


# -- what is known of it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "wider"),
    [("de", ["de"]), ("de-AT", ["de-AT", "de"]), ("zh-Hant-TW", ["zh-Hant-TW", "zh-Hant", "zh"])],
)
def test_chain_of_a_language_goes_from_narrow_to_wide(wanted: str, wider: list[str]) -> None:
    """Each step leaves out one part."""
    assert language.chain(wanted) == wider


@pytest.mark.parametrize(("wanted", "known"), [("de-AT", "de_AT"), ("de-XX", "de"), ("de-1996", "de"), ("xx", None)])
def test_conventions_of_an_unknown_country_are_those_of_the_language(wanted: str, known: str | None) -> None:
    """Of a language that is not known at all nothing can be said."""
    if known:
        assert str(language.conventions(wanted)) == known
        return
    with pytest.raises(MessageError, match="nothing is known"):
        language.conventions(wanted)


def test_speaking_when_the_block_fails_gives_the_language_back() -> None:
    """One broken rendering does not decide about the next."""
    with pytest.raises(ZeroDivisionError), language.speaking("de"):
        raise ZeroDivisionError(language.current())
    assert language.current() == language.DEFAULT
    templates = Templates({"a.txt": "{{ 1 / 0 }}", "b.txt": "{{ locale }}"})
    with pytest.raises(MailkitError):
        templates.render("a.txt", locale="de")
    assert templates.render("b.txt").text == "en"
