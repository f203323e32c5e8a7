"""Gettext's catalogues in templates."""

import contextlib
import gettext
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from mailkit import Templates
from mailkit.errors import ConfigError, TemplateBroken, VariableMissing
from mailkit.template.catalogue import Catalogues
from tests.kit.bothways import both, both_refuse

HOSTILE = [
    "<b>x</b>",
    "&amp;",
    '" onclick="x',
    "'",
    "%(name)s",
    "%s",
    "100%",
    "{{ 7 * 7 }}",
    "</p>",
    "a\nb",
    "\\",
    "ü😀",
]


def write(
    folder: Path, locale: str, messages: dict[Any, Any], *, ending: str = ".po", domain: str = "messages"
) -> Path:
    """Write a catalogue as Babel does. A key is a message, (one, many), or (context, message)."""
    catalogue = Catalog(locale=locale)
    for key, said in messages.items():
        if isinstance(key, tuple) and isinstance(said, str):
            catalogue.add(key[1], said, context=key[0])
        elif isinstance(key, tuple) and len(key) == 3:
            catalogue.add(key[1:], said, context=key[0])
        else:
            catalogue.add(key, said)
    path = folder / locale / "LC_MESSAGES" / (domain + ending)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = BytesIO()
    (write_po if ending == ".po" else write_mo)(data, catalogue)
    path.write_bytes(data.getvalue())
    return path


def compiled(locale: str, messages: dict[Any, Any], folder: Path) -> gettext.GNUTranslations:
    with write(folder, locale, messages, ending=".mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def said(text: str, folder: Any, locale: str = "de", **data: Any) -> str:
    """What a text template says, and so its HTML twin for what needs no escaping."""
    return both({"a.txt": text}, "a.txt", data, locale=locale, translations=folder).text


# -- messages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".po", ".mo"])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ _('Hello') }}", "Hallo"),
        ("{{ gettext('Hello') }}", "Hallo"),
        ("{% trans %}Hello{% endtrans %}", "Hallo"),
        ("{{ _('Dear %(name)s', name='Zoë') }}", "Liebe Zoë"),
        ("{% trans name='Zoë' %}Dear {{ name }}{% endtrans %}", "Liebe Zoë"),
        ("{% trans name %}Dear {{ name }}{% endtrans %}", "Liebe Ada"),
        ("{{ pgettext('month', 'May') }}", "Mai"),
        ("{{ pgettext('verb', 'May') }}", "Darf"),
        ("{% trans 'month' %}May{% endtrans %}", "Mai"),
        ("{{ _('May') }}", "May"),
        ("{{ _('Unknown') }}", "Unknown"),
        ("{{ _('50% off') }}", "50 % billiger"),
        ("{% trans %}100% sure{% endtrans %}", "100% sicher"),
        ("{{ ngettext('%(num)s day', '%(num)s days', 1) }}", "1 Tag"),
        ("{{ ngettext('%(num)s day', '%(num)s days', 2) }}", "2 Tage"),
        ("{{ ngettext('%(num)s day', '%(num)s days', 1234) }}", "1234 Tage"),
        ("{% trans num=3 %}{{ num }} day{% pluralize %}{{ num }} days{% endtrans %}", "3 Tage"),
        ("{{ npgettext('x', '%(num)s day', '%(num)s days', 2) }}", "2 x-Tage"),
        ("{% set m = _('Hello') %}{{ m | upper }}", "HALLO"),
    ],
)
def test_render_with_a_catalogue_says_its_words(text: str, wanted: str, ending: str, tmp_path: Path) -> None:
    """Every function of gettext, and the tag, from a compiled catalogue or from its source."""
    words = {
        "Hello": "Hallo",
        "Dear %(name)s": "Liebe %(name)s",
        ("month", "May"): "Mai",
        ("verb", "May"): "Darf",
        "50% off": "50 % billiger",
        "100%% sure": "100%% sicher",
        ("%(num)s day", "%(num)s days"): ("%(num)s Tag", "%(num)s Tage"),
        ("x", "%(num)s day", "%(num)s days"): ("%(num)s x-Tag", "%(num)s x-Tage"),
    }
    write(tmp_path, "de", words, ending=ending)
    assert said(text, tmp_path, name="Ada") == wanted
    page = both({"a.html": f"<p>{text}</p>"}, "a.html", {"name": "Ada"}, locale="de", translations=tmp_path)
    assert page.html == f"<p>{wanted}</p>"


@pytest.mark.parametrize(
    ("locale", "one", "few", "many"),
    [("pl", [1], [2, 3, 4, 22, 104], [0, 5, 11, 12, 14, 25, 112]), ("ru", [1, 21, 101], [2, 24], [0, 5, 11, 14, 111])],
)
@pytest.mark.parametrize("ending", [".po", ".mo"])
def test_ngettext_with_three_forms_takes_the_right_one(
    locale: str, one: list[int], few: list[int], many: list[int], ending: str, tmp_path: Path
) -> None:
    """Polish and Russian count in three ways."""
    write(tmp_path, locale, {("%(num)s file", "%(num)s files"): ("%(num)s A", "%(num)s B", "%(num)s C")}, ending=ending)
    text = "{% for n in all %}{{ ngettext('%(num)s file', '%(num)s files', n) }} {% endfor %}"
    wanted = [f"{n} A" for n in one] + [f"{n} B" for n in few] + [f"{n} C" for n in many]
    assert said(text, tmp_path, locale, all=one + few + many).split() == " ".join(wanted).split()
    tag = "{% for n in all %}{% trans num=n %}{{ num }} file{% pluralize %}{{ num }} files{% endtrans %} {% endfor %}"
    assert said(tag, tmp_path, locale, all=one + few + many).split() == " ".join(wanted).split()


@pytest.mark.parametrize("count", [1, "1", " 1 ", 1.0])
def test_ngettext_with_a_count_from_a_file_takes_the_right_form(count: object, tmp_path: Path) -> None:
    """A CSV file has "1" where a program has 1, JSON may have 1.0."""
    write(tmp_path, "pl", {("file", "files"): ("plik", "pliki", "plików")})
    assert said("{{ ngettext('file', 'files', n) }}", tmp_path, "pl", n=count) == "plik"
    assert said("{{ ngettext('file', 'files', n) }}", None, "en", n=count) == "file"


@pytest.mark.parametrize("count", ["many", None, [], "1.5"])
def test_ngettext_with_a_count_that_is_none_says_where(count: object, tmp_path: Path) -> None:
    """It is an error of the template's line."""
    write(tmp_path, "pl", {("file", "files"): ("plik", "pliki", "plików")})
    error = both_refuse(
        {"a.html": "\n{{ ngettext('file', 'files', n) }}"}, "a.html", {"n": count}, locale="pl", translations=tmp_path
    )
    assert (type(error), error.name, error.line) == (TemplateBroken, "a.html", 2)


@pytest.mark.parametrize(
    ("form", "value", "wanted"),
    [
        ("%(n)d", 3, "3"),
        ("%(n)05.1f", 3.14159, "003.1"),
        ("%(n)5s|", "x", "    x|"),
        ("%(n)-5s|", "x", "x    |"),
        ("%(n)x", 255, "ff"),
        ("%(n)r", "x", "'x'"),
        ("%(n)d and %(n)s and %(n)d", 7, "7 and 7 and 7"),
    ],
)
def test_message_with_a_format_obeys_it(form: str, value: object, wanted: str) -> None:
    """Translators write %(num)d as often as %(num)s."""
    page = both({"a.html": f"<p>{{{{ _('{form}', n=n) }}}}</p>"}, "a.html", {"n": value})
    assert page.text.split() == wanted.split()
    assert both({"a.txt": f"{{{{ _('{form}', n=n) }}}}"}, "a.txt", {"n": value}).text == wanted


@pytest.mark.parametrize("name", ["count", "context", "text", "one", "many", "where", "kind", "num", "args", "values"])
def test_message_with_a_value_of_any_name_takes_it(name: str) -> None:
    """No name is taken by the machinery."""
    text = f"{{{{ gettext('%({name})s', {name}=5) }}}} {{% trans {name}=6 %}}{{{{ {name} }}}}{{% endtrans %}} "
    text += f"{{{{ pgettext('c', '%({name})s', {name}=7) }}}} {{{{ ngettext('%({name})s', '', 1, {name}=8) }}}} "
    text += f"{{{{ npgettext('c', '%({name})s', '', 1, {name}=9) }}}}"
    assert both({"a.html": text}, "a.html").html == "5 6 7 8 9"


def test_trans_with_a_count_as_jinja_documents_it_works() -> None:
    """The example of Jinja's own documentation."""
    text = "{% trans count=list|length %}{{ count }} item{% pluralize %}{{ count }} items{% endtrans %}"
    assert both({"a.html": text}, "a.html", {"list": [1, 2]}).html == "2 items"
    assert both({"a.html": text}, "a.html", {"list": [1]}).html == "1 item"


def test_message_in_the_head_is_translated_as_text(tmp_path: Path) -> None:
    """A subject is text: nothing in it is escaped."""
    write(tmp_path, "de", {"For %(name)s & co": "Für %(name)s & Co"})
    files = {"a.html": "Subject: {{ _('For %(name)s & co', name=n) }}\nTo: {{ _('x') }} <{{ m }}>\n\n<p>x</p>"}
    page = both(files, "a.html", {"n": "<Zoë>", "m": "a@example.com"}, locale="de", translations=tmp_path)
    assert page.subject == "Für <Zoë> & Co"
    assert dict(page.headers)["To"] == "x <a@example.com>"


def test_message_with_a_line_break_in_the_head_is_refused(tmp_path: Path) -> None:
    """A translator cannot add a header either."""
    write(tmp_path, "de", {"Hello": "Hallo\nBcc: eve@example.com"})
    error = both_refuse({"a.txt": "Subject: {{ _('Hello') }}\n\nx"}, "a.txt", locale="de", translations=tmp_path)
    assert (type(error), error.line) == (TemplateBroken, 1)


# -- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("inliner", ["none", "premailer"])
@pytest.mark.parametrize(
    "text",
    [
        "<p>{{ _('Dear <b>%(name)s</b>', name=v) }}</p>",
        "<p>{% trans name=v %}Dear <b>{{ name }}</b>{% endtrans %}</p>",
        "<p>{{ ngettext('', 'Dear <b>%(name)s</b>', 2, name=v) }}</p>",
        "<p>{{ pgettext('c', 'Dear <b>%(name)s</b>', name=v) }}</p>",
    ],
)
def test_message_with_markup_in_a_value_escapes_it(text: str, value: str, inliner: str, tmp_path: Path) -> None:
    """Markup of the translator is markup, that of the data is text."""
    write(tmp_path, "de", {"Dear <b>%(name)s</b>": "Liebe <b>%(name)s</b>"})
    files = {"a.html": f"<style>i {{ top: 0 }}</style>{text}"}
    page = both(files, "a.html", {"v": value}, locale="en", translations=tmp_path, inliner=inliner)
    assert page.html.count("<b>") == page.html.count("</b>") == 1
    assert page.text.split() == ["Dear", *value.split()]


@pytest.mark.parametrize("value", HOSTILE)
def test_message_with_a_value_in_an_attribute_stays_in_it(value: str) -> None:
    """No value ends the attribute that a message stands in."""
    page = both({"a.html": "<img alt=\"{{ _('by %(n)s', n=v) }}\">"}, "a.html", {"v": value}, inliner="none")
    assert page.html.count('"') == 2
    assert page.html.count("<") == 1


@pytest.mark.parametrize("value", ["%(name)s", "%(other)s", "%d", "%%", "%"])
def test_message_with_a_format_in_a_value_leaves_it(value: str) -> None:
    """A value is put in, and not read again."""
    assert both({"a.html": "{{ _('Hi %(name)s', name=v) }}"}, "a.html", {"v": value}).html == f"Hi {value}"


def test_message_with_markup_of_the_program_keeps_it() -> None:
    """What says itself that it is markup is printed as it is."""
    page = both({"a.html": "<p>{{ _('Hi %(name)s', name=v) }}</p>"}, "a.html", {"v": Markup("<b>Zoë</b>")})
    assert page.html == "<p>Hi <b>Zoë</b></p>"


def test_message_with_a_missing_value_says_which() -> None:
    """A gap in the data is a gap here too."""
    for text in ("{{ _('Hi %(name)s', name=nmae) }}", "{% trans name=nmae %}Hi {{ name }}{% endtrans %}"):
        error = both_refuse({"a.html": f"\n{text}"}, "a.html", {"name": "x"})
        assert (type(error), error.line, error.hint) == (VariableMissing, 2, "Did you mean 'name'?")


@pytest.mark.parametrize("translation", ["Hallo %(nmae)s", "Hallo %(name)", "Hallo %(name)!", "Hallo %(name) 5"])
def test_message_with_a_slip_of_the_translator_says_where(translation: str, tmp_path: Path) -> None:
    """It goes out to nobody, and the message is named."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(f'msgid "Hi %(name)s"\nmsgstr "{translation}"\n')
    files = {"a.html": "\n\n{{ _('Hi %(name)s', name='x') }}"}
    error = both_refuse(files, "a.html", locale="de", translations=tmp_path)
    assert (type(error), error.name, error.line) == (TemplateBroken, "a.html", 3)
    assert "Hallo" in str(error)


@given(st.text(), st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_message_with_any_values_shows_just_them(first: str, second: str) -> None:
    """Whatever they are made of."""
    page = Templates({"a.txt": "{{ _('%(a)s|%(b)s|%%', a=a, b=b) }}"}).render("a.txt", {"a": first, "b": second})
    assert page.text == f"{first}|{second}|%"


def test_messages_with_different_values_share_a_skeleton(tmp_path: Path) -> None:
    """A value in a message is a value like any other; a language is a structure."""
    write(tmp_path, "de", {"Dear %(name)s, %(n)d": "Liebe %(name)s, %(n)d"})
    files = {"a.html": "<p>{{ _('Dear %(name)s, %(n)d', name=name, n=n) }}</p>"}
    templates = Templates(files, translations=tmp_path)
    for n in range(5):
        assert templates.render("a.html", {"name": f"<{n}>", "n": n}, locale="de").text == f"Liebe <{n}>, {n}\n"
        assert templates.render("a.html", {"name": f"<{n}>", "n": n}).text == f"Dear <{n}>, {n}\n"
    assert (templates.statistics.skeletons, templates.statistics.hits) == (2, 8)


def test_loop_with_messages_is_in_the_language_of_each_page(tmp_path: Path) -> None:
    """What is kept of one language is not shown in another."""
    write(tmp_path, "de", {"Tea": "Tee"})
    templates = Templates(
        {"a.html": "{% for n in all %}<i>{{ _('Tea') }} {{ n }}</i>{% endfor %}"}, translations=tmp_path
    )
    for _ in range(3):
        assert templates.render("a.html", {"all": [1]}, locale="de").text == "Tee 1\n"
        assert templates.render("a.html", {"all": [1]}, locale="en").text == "Tea 1\n"


# -- which catalogue -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["de_AT", "de-AT"])
@pytest.mark.parametrize("locale", ["de-AT", "de_AT", "de_at"])
def test_catalogue_of_a_country_is_found_in_both_spellings(written: str, locale: str, tmp_path: Path) -> None:
    """gettext writes de_AT, the Web de-AT."""
    write(tmp_path, "de_AT", {"January": "Jänner"})
    (tmp_path / "de_AT").rename(tmp_path / "tmp")
    (tmp_path / "tmp").rename(tmp_path / written)
    assert said("{{ _('January') }}", tmp_path, locale) == "Jänner"


def test_catalogue_of_a_country_has_that_of_the_language_behind_it(tmp_path: Path) -> None:
    """An Austrian catalogue holds what is said differently, and no more."""
    write(tmp_path, "de_AT", {"January": "Jänner"})
    write(tmp_path, "de", {"January": "Januar", "Hello": "Hallo", ("day", "days"): ("Tag", "Tage")})
    text = "{{ _('January') }} {{ _('Hello') }} {{ ngettext('day', 'days', 2) }} {{ _('Bye') }}"
    assert said(text, tmp_path, "de-AT") == "Jänner Hallo Tage Bye"
    assert said(text, tmp_path, "de-CH") == "Januar Hallo Tage Bye"
    assert said(text, tmp_path, "fr") == "January Hello days Bye"


def test_catalogues_in_a_dictionary_are_found_by_language(tmp_path: Path) -> None:
    """Objects of gettext's own, or of Babel's, and none of them is changed."""
    german = compiled("de", {"January": "Januar", "Hello": "Hallo"}, tmp_path)
    austrian = compiled("de_AT", {"January": "Jänner"}, tmp_path)
    given = {"de": german, "de_at": austrian}
    text = "{{ _('January') }} {{ _('Hello') }}"
    assert said(text, given, "de-AT") == "Jänner Hallo"
    assert said(text, given, "de") == "Januar Hallo"
    assert said(text, given, "en") == "January Hello"
    assert austrian.gettext("Hello") == "Hello"


def test_catalogue_with_a_fallback_of_its_own_keeps_it(tmp_path: Path) -> None:
    """Who has built a chain gets that chain."""
    austrian = compiled("de_AT", {"January": "Jänner"}, tmp_path)
    austrian.add_fallback(compiled("bar", {"Hello": "Servus"}, tmp_path))
    given = {"de": compiled("de", {"Hello": "Hallo"}, tmp_path), "de-AT": austrian}
    assert said("{{ _('Hello') }}", given, "de-AT") == "Servus"


def test_catalogue_of_another_domain_is_taken_when_asked_for(tmp_path: Path) -> None:
    """Mail may have its own file beside that of the web site."""
    write(tmp_path, "de", {"Hello": "Guten Tag"}, domain="mail")
    write(tmp_path, "de", {"Hello": "Hallo"})
    files = {"a.txt": "{{ _('Hello') }}"}
    assert both(files, "a.txt", locale="de", translations=tmp_path, domain="mail").text == "Guten Tag"
    assert both(files, "a.txt", locale="de", translations=tmp_path).text == "Hallo"
    assert both(files, "a.txt", locale="de", translations=tmp_path, domain="none").text == "Hello"


def test_catalogue_in_both_forms_takes_the_compiled_one(tmp_path: Path) -> None:
    """As gettext does."""
    write(tmp_path, "de", {"Hello": "compiled"}, ending=".mo")
    write(tmp_path, "de", {"Hello": "source"})
    assert said("{{ _('Hello') }}", tmp_path) == "compiled"


def test_catalogue_with_an_entry_in_doubt_leaves_it(tmp_path: Path) -> None:
    """What is marked fuzzy, or left empty, is not said."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text('#, fuzzy\nmsgid "Hello"\nmsgstr "Halo"\n\nmsgid "Bye"\nmsgstr ""\n')
    assert said("{{ _('Hello') }} {{ _('Bye') }}", tmp_path) == "Hello Bye"


@pytest.mark.parametrize("ending", [".po", ".mo"])
def test_catalogue_that_changes_is_read_again(ending: str, tmp_path: Path) -> None:
    """A translator sees the change at once; one that goes leaves the original, one that comes is found."""
    templates = Templates({"a.html": "<p>{{ _('Hello') }}</p>"}, translations=tmp_path, locale="de")
    assert templates.render("a.html").text == "Hello\n"
    path = write(tmp_path, "de", {"Hello": "Hallo"}, ending=ending)
    assert templates.render("a.html").text == "Hallo\n"
    write(tmp_path, "de", {"Hello": "Servus"}, ending=ending)
    os.utime(path, ns=(1, 1))
    assert templates.render("a.html").text == "Servus\n"
    path.unlink()
    assert templates.render("a.html").text == "Hello\n"


def test_catalogue_of_a_language_that_climbs_is_not_looked_for(tmp_path: Path) -> None:
    """The language is checked before it is a folder's name."""
    write(tmp_path, "de", {"Hello": "secret"})
    (tmp_path / "inner").mkdir()
    error = both_refuse({"a.txt": "{{ _('Hello') }}"}, "a.txt", locale="../de", translations=tmp_path / "inner")
    assert "is no language" in str(error)


# -- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nope", "a.po", "\0", ""])
def test_templates_without_their_translations_are_refused(name: str, tmp_path: Path) -> None:
    """A folder that is not there is told at once, and a file is no folder."""
    (tmp_path / "a.po").write_text("")
    with pytest.raises(ConfigError, match="no folder of translations"):
        Templates({}, translations=f"{tmp_path}/x/{name}" if not name else tmp_path / name)


@pytest.mark.parametrize("name", ["../de", "", "english"])
def test_catalogues_of_what_is_no_language_are_refused(name: str) -> None:
    """A misspelt language in a dictionary would never be found."""
    with pytest.raises(ValueError, match="is no language"):
        Templates({}, translations={name: gettext.NullTranslations()})


BROKEN = [
    (".po", b"garbage"),
    (".po", b'<<<<<<< HEAD\nmsgid "x"\nmsgstr "y"\n=======\n'),
    (".po", b'msgid "x"\nmsgid "z"\nmsgstr "y"\n'),
    (".po", b'msgid "x"\nmsgstr "\xff"\n'),
    (".po", b'msgid ""\nmsgstr "Content-Type: text/plain; charset=nope\\n"\n\nmsgid "x"\nmsgstr "y"\n'),
    (".mo", b""),
    (".mo", b"junk"),
    (".mo", b"junk" * 100),
    (".mo", b"\xde\x12\x04\x95" + b"\xff" * 40),
    (".mo", b"\xde\x12\x04\x95" + b"\0\0\0\0" + b"\x7f" * 40),
]


@pytest.mark.parametrize(("ending", "data"), BROKEN)
def test_catalogue_that_is_broken_is_told_with_its_path(ending: str, data: bytes, tmp_path: Path) -> None:
    """A conflict of versions, another encoding, half a file: the catalogue is named, and no page goes out without it."""
    path = tmp_path / "de" / "LC_MESSAGES" / f"messages{ending}"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="cannot read the catalogue") as caught:
        Catalogues(tmp_path).find("de-AT")
    assert str(path) in str(caught.value)
    error = both_refuse({"a.html": "\n{{ _('x') }}"}, "a.html", locale="de", translations=tmp_path)
    assert str(path) in str(error)
    assert both({"a.html": "x"}, "a.html", locale="de", translations=tmp_path).text == "x\n"


def test_render_with_a_broken_catalogue_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    """The template is not to blame."""
    path = tmp_path / "de" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"garbage")
    assert isinstance(both_refuse({"a.txt": "{{ _('x') }}"}, "a.txt", locale="de", translations=tmp_path), ConfigError)


def test_catalogue_with_code_in_its_plural_forms_runs_none(tmp_path: Path) -> None:
    """The rule for plural forms is arithmetic, and nothing else."""
    path = tmp_path / "de" / "LC_MESSAGES" / "messages.mo"
    path.parent.mkdir(parents=True)
    catalogue = Catalog(locale="de")
    catalogue.add("x", "y")
    data = BytesIO()
    write_mo(data, catalogue)
    rule = b"nplurals=2; plural=(n != 1);"
    assert rule in data.getvalue()
    path.write_bytes(data.getvalue().replace(rule, b"nplurals=2; plural=exit(99) ;"[: len(rule)]))
    with pytest.raises(ConfigError):
        Catalogues(tmp_path).find("de")


@given(data=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
def test_catalogue_of_noise_is_read_or_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No file makes anything else happen."""
    folder = tmp_path_factory.mktemp("noise")
    for ending in (".po", ".mo"):
        path = folder / "de" / "LC_MESSAGES" / f"messages{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        with contextlib.suppress(ConfigError):
            assert isinstance(Catalogues(folder).find("de").gettext("x"), str)
        path.unlink()
