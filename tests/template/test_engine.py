"""Templates: from files and data to messages."""

import gc
import sys
import threading
import warnings
from pathlib import Path
from zipfile import ZipFile

import pytest

from mailkit import MessageBuilder, Templates
from mailkit.errors import ConfigError, TemplateBroken, TemplateError, TemplateMissing, VariableMissing

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def built(builder: MessageBuilder):
    return builder.from_("ada@example.com").to("bob@example.com").build()


# -- parts -----------------------------------------------------------------------------------------------------------


def test_compose_with_a_head_sets_every_header() -> None:
    """A template's header lines become the message's headers, addresses among them."""
    templates = Templates(
        {
            "a.txt": "From: Ada <ada@example.com>\nSender: {{ who }}@example.com\nTo: a@example.com, b@example.com\n"
            "Cc: c@example.com\nBcc: d@example.com\nReply-To: e@example.com\nReturn-Path: f@example.com\n"
            "Message-ID: <{{ who }}@example.com>\nSubject: Hi {{ who }}\nX-Tag: {{ who | upper }}\nX-None:\n\nBody"
        }
    )
    message = templates.compose("a.txt", {"who": "zoe"}).build()
    assert [address.email for address in message.envelope().recipients] == [
        f"{letter}@example.com" for letter in "abcd"
    ]
    assert message.envelope().sender.email == "f@example.com"
    assert message.headers["Sender"] == "zoe@example.com"
    assert (message.message_id, message.subject, message.headers["X-Tag"]) == ("<zoe@example.com>", "Hi zoe", "ZOE")
    assert b"d@example.com" not in bytes(message)


def test_compose_with_html_gives_html_and_text() -> None:
    """An HTML template gives both bodies."""
    templates = Templates({"a.html": "Subject: x\n\n<p>Hello <b>{{ name }}</b></p>"})
    message = built(templates.compose("a.html", {"name": "Zoë"}))
    assert message.html == "<p>Hello <b>Zoë</b></p>"
    assert message.text == "Hello Zoë\n"


def test_compose_with_a_text_file_beside_takes_its_text() -> None:
    """What is written by hand goes before what is made."""
    templates = Templates(
        {"a.html": "<p>HTML</p>", "a.txt": "Subject: not this\n\nBy hand, {{ name }} & co", "b.html": "<p>HTML</p>"}
    )
    assert templates.render("a.html", {"name": "Zoë"}).text == "By hand, Zoë & co"
    assert templates.render("a.html", {"name": "Zoë"}).headers == ()
    assert templates.render("b.html").text == "HTML\n"


def test_compose_with_a_text_template_has_no_html() -> None:
    """A text template gives a text message."""
    message = built(Templates({"a.txt": "Subject: x\n\nHello"}).compose("a.txt"))
    assert (message.text, message.html) == ("Hello", None)


def test_render_with_markup_in_the_data_escapes_it_in_html_only() -> None:
    """HTML is escaped; subject, headers and text are not."""
    templates = Templates(
        {
            "a.html": "Subject: {{ x }}\nPreheader: {{ x }}\nX-A: {{ x }}\n\n<p>{{ x }}</p>",
            "b.txt": "Subject: {{ x }}\n\n{{ x }}",
        }
    )
    nasty = '<b>Tom & "Co"</b>'
    page = templates.render("a.html", {"x": nasty})
    assert dict(page.headers) == {"Subject": nasty, "X-A": nasty}
    assert "<b>" not in page.html
    assert page.text == nasty + "\n"
    assert templates.render("b.txt", {"x": nasty}).text == nasty


def test_render_with_a_preheader_hides_it_from_headers_and_text() -> None:
    """The preheader is in the HTML alone."""
    page = Templates({"a.html": "Preheader: Peek, {{ name }}\n\n<body><p>x</p></body>"}).render(
        "a.html", {"name": "Zoë"}
    )
    assert page.html.startswith('<body><div style="display:none')
    assert "Peek, Zoë" in page.html
    assert (page.headers, page.text) == ((), "x\n")


@pytest.mark.parametrize("name", ["Subject", "subject", "SUBJECT"])
def test_rendered_subject_in_any_case_is_found(name: str) -> None:
    """Header names have no case."""
    assert Templates({"a.txt": f"{name}: Hi\n\nx"}).render("a.txt").subject == "Hi"


def test_rendered_subject_without_one_is_empty() -> None:
    """A template need not have a subject."""
    assert Templates({"a.txt": "Hi"}).render("a.txt").subject == ""


def test_render_with_a_layout_fills_its_blocks() -> None:
    """A head stands before {% extends %}; the layout's own head is not taken."""
    templates = Templates(
        {
            "layouts/base.html": "Subject: of the layout\n\n<html><body>{% block content %}{% endblock %}</body></html>",
            "a.html": 'Subject: Mine\n\n{% extends "layouts/base.html" %}\n{% block content %}<p>x</p>{% endblock %}',
        }
    )
    page = templates.render("a.html")
    assert (page.subject, page.html) == ("Mine", "<html><body><p>x</p></body></html>")


def test_render_with_filters_and_globals_knows_them_everywhere() -> None:
    """Own filters and globals work in the head and in the body."""
    templates = Templates(
        {"a.txt": "Subject: {{ 3 | euro }}\n\n{{ 4 | euro }} at {{ shop }}"},
        filters={"euro": lambda number: f"{number} €"},
        globals={"shop": "Tea & Co"},
    )
    page = templates.render("a.txt")
    assert (page.subject, page.text) == ("3 €", "4 € at Tea & Co")


def test_render_with_an_inliner_of_ones_own_uses_it() -> None:
    """The inliner is a choice."""
    contents = {"a.html": "<style>p { top: 0 }</style><p>x</p>"}
    assert 'style="top:0"' in Templates(contents).render("a.html").html
    assert Templates(contents, inliner="none").render("a.html").html == contents["a.html"]
    assert Templates(contents, inliner=lambda html: "<p>mine</p>").render("a.html").html == "<p>mine</p>"


def test_templates_with_an_unknown_inliner_is_refused() -> None:
    """A misspelt choice is told at once."""
    with pytest.raises(ConfigError, match="premialer"):
        Templates({}, inliner="premialer")


def test_render_with_css_that_cannot_be_inlined_is_a_template_error() -> None:
    """Whatever the inliner does, the template is named."""
    with pytest.raises(TemplateBroken, match=r"^a\.html: its CSS cannot be inlined"):
        Templates({"a.html": "<style>@A\x08 {}</style><p>x</p>"}).render("a.html")


# -- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "variable", "hint"),
    [
        ("{{ nmae }}", 1, "nmae", "Did you mean 'name'?"),
        ("Subject: x\nX-A: {{ nmae }}\n\nx", 2, "nmae", "Did you mean 'name'?"),
        ("Subject: x\nX-A: a\n  {{ nmae }}\n\nx", 2, "nmae", "Did you mean 'name'?"),
        ("Subject: x\n\nfine\n{{ nmae }}", 4, "nmae", "Did you mean 'name'?"),
        ("Subject: x\r\n\r\nfine\r\n{{ nmae }}", 4, "nmae", "Did you mean 'name'?"),
        ("a\n\n\n{% if nmae %}x{% endif %}", 4, "nmae", "Did you mean 'name'?"),
        ("{% for one in nmae %}x{% endfor %}", 1, "nmae", "Did you mean 'name'?"),
        ("{{ nmae | upper }}", 1, "nmae", "Did you mean 'name'?"),
        ("{{ nmae.first }}", 1, "nmae", "Did you mean 'name'?"),
        ("{{ order.totl }}", 1, "totl", "Did you mean 'total'?"),
        ("{{ order.lines[0].pirce }}", 1, "pirce", "Did you mean 'price'?"),
        ("{{ order['nubmer'] }}", 1, "nubmer", "Did you mean 'number'?"),
        ("{{ zzz }}", 1, "zzz", "The data has: name, order."),
        ("{{ order.xyz }}", 1, "xyz", "The data has: lines, number, total."),
    ],
)
@pytest.mark.parametrize("ending", ["txt", "html"])
def test_render_with_a_missing_variable_says_where_which_and_what_was_meant(
    text: str, line: int, variable: str, hint: str, ending: str
) -> None:
    """A gap never goes out: it is an error with file, line, name, and the nearest name there is."""
    data = {"name": "Zoë", "order": {"number": 1, "total": 2, "lines": [{"price": 3}]}}
    with pytest.raises(VariableMissing) as caught:
        Templates({f"a.{ending}": text}).render(f"a.{ending}", data)
    error = caught.value
    assert (error.name, error.line, error.variable, error.hint) == (f"a.{ending}", line, variable, hint)
    assert str(error).startswith(f"a.{ending}:{line}: there is no {variable!r} in ")


@pytest.mark.parametrize(
    ("template", "name", "line"),
    [
        ('{% extends "layouts/base.html" %}', "layouts/base.html", 3),
        ('\n{% include "part.html" %}', "part.html", 2),
        ('Subject: x\n\n{% from "macros.html" import m %}\n{{ m(1) }}', "macros.html", 3),
        ('Subject: x\n\n{% extends "layouts/ok.html" %}\n{% block a %}\n{{ nope }}{% endblock %}', "a.html", 5),
    ],
)
def test_render_with_a_missing_variable_elsewhere_names_that_file(template: str, name: str, line: int) -> None:
    """The fault is told where it is: in the layout, the included file, the macro, or the block."""
    templates = Templates(
        {
            "a.html": template,
            "layouts/base.html": "<p>\n\n{{ nope }}",
            "layouts/ok.html": "{% block a %}{% endblock %}",
            "part.html": "\n{{ nope }}",
            "macros.html": "X-A: b\n\n{% macro m(x) %}{{ x }}{{ nope }}{% endmacro %}",
        }
    )
    with pytest.raises(VariableMissing) as caught:
        templates.render("a.html", {})
    assert (caught.value.name, caught.value.line) == (name, line)


@pytest.mark.parametrize("text", ["{{ x | default('-') }}", "{{ x if x is defined else '-' }}"])
def test_render_with_a_variable_that_may_be_missing_is_fine(text: str) -> None:
    """What the author has thought of is no fault."""
    assert Templates({"a.txt": text}).render("a.txt").text == "-"


def test_render_with_a_missing_variable_in_the_text_beside_names_it() -> None:
    """The hand-written text is held to the same."""
    with pytest.raises(VariableMissing) as caught:
        Templates({"a.html": "<p>x</p>", "a.txt": "\n\n{{ nope }}"}).render("a.html")
    assert (caught.value.name, caught.value.line) == ("a.txt", 3)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n{% if x %}\nb", 3),
        ("a\n{{ x", 2),
        ("Subject: x\n\n{% nosuchtag %}", 3),
        ("Subject: {{ x\n\nb", 1),
        ("Subject: x\nX-A: {{ 1 | nosuchfilter }}\n\nb", 2),
        ("Subject: x\n\na\n{{ 1 | nosuchfilter }}", 4),
    ],
)
def test_render_with_a_syntax_error_says_where(text: str, line: int) -> None:
    """A template that cannot be read is told with file and line."""
    with pytest.raises(TemplateBroken) as caught:
        Templates({"a.html": text}).render("a.html", {"x": 1})
    assert (caught.value.name, caught.value.line) == ("a.html", line)


def test_render_with_a_syntax_error_in_an_included_file_names_that_file() -> None:
    """The fault is told where it is."""
    with pytest.raises(TemplateBroken) as caught:
        Templates({"a.html": '{% include "b.html" %}', "b.html": "\n{% if %}"}).render("a.html")
    assert (caught.value.name, caught.value.line) == ("b.html", 2)


@pytest.mark.parametrize(
    "text", ["{{ 1 / 0 }}", "{{ none.x.y }}", "{{ 'a' + 1 }}", "{{ raising() }}", "{{ 5 | date }}"]
)
def test_render_with_a_failing_expression_says_where(text: str) -> None:
    """What goes wrong in an operation, a function or a filter is told with the template's line."""

    def raising() -> None:
        raise RuntimeError("broken")

    templates = Templates({"a.txt": f"Subject: x\n\n\n{text}"}, filters={"date": lambda day: day.isoformat()})
    with pytest.raises(TemplateError) as caught:
        templates.render("a.txt", {"raising": raising})
    assert (caught.value.name, caught.value.line) == ("a.txt", 4)


def test_render_without_the_template_says_which_is_near() -> None:
    """A misspelt name is told with the one that was meant, or else with all there are."""
    templates = Templates({"receipt.html": "x", "logo.png": PNG})
    with pytest.raises(TemplateMissing, match="no such template") as caught:
        templates.render("reciept.html")
    assert (caught.value.name, caught.value.hint) == ("reciept.html", "Did you mean 'receipt.html'?")
    with pytest.raises(TemplateMissing) as caught:
        templates.render("zzz")
    assert caught.value.hint == "There are: receipt.html."
    with pytest.raises(TemplateMissing) as caught:
        Templates({}).render("a.html")
    assert "no templates at all" in caught.value.hint


@pytest.mark.parametrize(
    "tag", ['{% include "basse.html" %}', '{% extends "basse.html" %}', '{% import "basse.html" as b %}']
)
def test_render_with_a_missing_part_says_who_wants_it(tag: str) -> None:
    """A missing layout is told with its own name, and with the template that uses it."""
    with pytest.raises(TemplateMissing, match=r"used by a\.html") as caught:
        Templates({"a.html": tag, "base.html": ""}).render("a.html")
    assert (caught.value.name, caught.value.hint) == ("basse.html", "Did you mean 'base.html'?")


def test_render_with_a_file_that_is_not_utf8_says_where(tmp_path: Path) -> None:
    """A template in another encoding is told with its line."""
    (tmp_path / "a.txt").write_bytes(b"Subject: x\n\nfine\nZo\xeb\n")
    with pytest.raises(TemplateBroken, match="not UTF-8") as caught:
        Templates(tmp_path).render("a.txt")
    assert (caught.value.name, caught.value.line) == ("a.txt", 4)


# -- safety ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0"])
def test_render_with_a_line_break_in_a_header_value_is_an_error(break_: str) -> None:
    """Data cannot add a header: a value with a line break, or any other control, is told with its line."""
    templates = Templates({"a.txt": "From: ada@example.com\nSubject: Hi\nX-City: {{ city }}!\n\nx"})
    with pytest.raises(TemplateBroken, match="X-City") as caught:
        templates.render("a.txt", {"city": f"Rome{break_}Bcc: eve@example.com"})
    assert (caught.value.name, caught.value.line) == ("a.txt", 3)


@pytest.mark.parametrize(
    "name", ["Doe, John", "Eve <eve@example.com>, Bob", 'Ann "Nan" O', "a@b.example, c@d.example", "<x>", "Zoë"]
)
@pytest.mark.parametrize(
    "line",
    [
        "{{ n }} <{{ e }}>",
        '"{{ n }}" <{{ e }}>',
        "x@example.com, {{ n }} <{{ e }}>",
        '"A, B" <x@example.com>, {{ n }}<{{ e }}>',
    ],
)
@pytest.mark.parametrize("field", ["To", "Cc", "Reply-To"])
def test_compose_with_structure_in_a_name_adds_no_address(field: str, line: str, name: str) -> None:
    """Data cannot add a recipient: a name stays a name."""
    templates = Templates({"a.txt": f"{field}: {line}\n\nx"})
    message = templates.compose("a.txt", {"n": name, "e": "zoe@example.com"}).from_("ada@example.com").build()
    found = message.headers.addresses(field)
    assert (found[-1].email, found[-1].name) == ("zoe@example.com", name)
    assert len(found) == (2 if "x@example.com" in line else 1)


@pytest.mark.parametrize(
    "value", ["zoe@example.com, eve", "zoe@example.com> <eve", "zoe@example.com\nBcc: eve", "", "zoe zoe"]
)
@pytest.mark.parametrize(
    "line", ["{{ v }}@example.com", "Zoë <{{ v }}@example.com>", "a@example.com, {{ v }}@example.com"]
)
def test_render_with_more_than_an_address_in_a_part_of_one_is_an_error(line: str, value: str) -> None:
    """Where the template has one address, the data cannot make two of it."""
    with pytest.raises(TemplateBroken) as caught:
        Templates({"a.txt": f"Subject: x\nBcc: {line}\n\nx"}).render("a.txt", {"v": value})
    assert (caught.value.name, caught.value.line) == ("a.txt", 2)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("{{ all }}", ["a@example.com", "b@example.com"]),
        ("{% for one in many %}{{ one }},{% endfor %}", ["a@example.com", "b@example.com"]),
        ("{{ many | join(', ') }}", ["a@example.com", "b@example.com"]),
        ("Team: c@example.com, d@example.com;", ["c@example.com", "d@example.com"]),
        ("{{ empty }}", []),
        ("{{ 'e' }}@example.com", ["e@example.com"]),
    ],
)
def test_compose_with_a_list_of_addresses_takes_them_all(line: str, wanted: list[str]) -> None:
    """A value that stands alone may be a list, and a template may make one."""
    data = {"all": "a@example.com, B <b@example.com>", "many": ["a@example.com", "b@example.com"], "empty": ""}
    message = Templates({"a.txt": f"Cc: {line}\n\nx"}).compose("a.txt", data).from_("ada@example.com").build()
    assert [address.email for address in message.cc] == wanted


def test_render_with_template_code_in_the_data_does_not_run_it() -> None:
    """Data is never a template, nor a head."""
    page = Templates({"a.html": "Subject: {{ x }}\n\n{{ x }}"}).render("a.html", {"x": "{{ 7 * 7 }}{% raw %}"})
    assert page.subject == "{{ 7 * 7 }}{% raw %}"
    assert "49" not in page.html
    assert Templates({"a.txt": "{{ x }}"}).render("a.txt", {"x": "Subject: a\n\nb"}).headers == ()


_OUTSIDE = [
    "../secret.txt",
    "layouts/../../secret.txt",
    "..\\secret.txt",
    "a\\b",
    "{folder}/secret.txt",
    "link.txt",
    "linked/secret.txt",
    "C:secret.txt",
    "x\0.txt",
    "",
    ".",
    "..",
    "layouts",
]


@pytest.mark.parametrize("name", _OUTSIDE)
def test_templates_in_a_folder_never_leave_it(tmp_path: Path, name: str) -> None:
    """No name climbs out: not by dots, an absolute path, a link, a backslash, a drive or a NUL."""
    root = tmp_path / "templates"
    (root / "layouts").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "linked").symlink_to(tmp_path)
    name = name.format(folder=tmp_path)
    (root / "a.txt").write_text("{% include name %}")
    (root / "b.txt").write_text("{{ embed(name) }}")
    templates = Templates(root)
    assert templates.read(name) is None
    with pytest.raises(TemplateMissing):
        templates.render(name)
    with pytest.raises(TemplateMissing):
        templates.render("a.txt", {"name": name})
    with pytest.raises(TemplateBroken, match="no picture"):
        templates.render("b.txt", {"name": name})


def test_templates_in_a_folder_follow_links_inside_it(tmp_path: Path) -> None:
    """A link to a file of the same folder is fine."""
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.txt").symlink_to("a.txt")
    assert Templates(tmp_path).render("b.txt").text == "x"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ (1).__class__ }}",
        "{{ f.__globals__ }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ self.__init__ }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{% for x in range(10000000) %}{% endfor %}",
        "Subject: {{ ''.__class__.__mro__ }}\n\nx",
    ],
)
def test_render_in_a_sandbox_keeps_templates_out_of_python(text: str) -> None:
    """A template from others reaches the data, and nothing behind it."""
    with pytest.raises(TemplateError):
        Templates({"a.html": text}, sandbox=True).render("a.html", {"f": lambda: 1})


# -- pictures --------------------------------------------------------------------------------------------------------


def test_embed_puts_the_picture_into_the_message() -> None:
    """The HTML's cid: is the embedded part's; a picture that is shown twice is there once."""
    templates = Templates(
        {"a.html": '<img src="{{ embed("i/logo.png") }}"><img src="{{ embed("i/logo.png") }}">', "i/logo.png": PNG}
    )
    message = built(templates.compose("a.html"))
    (image,) = message.embedded
    assert (image.filename, image.type, image.data) == ("logo.png", "image/png", PNG)
    assert message.html.count(f'src="cid:{image.cid}"') == 2
    assert b"Content-ID: <" + image.cid.encode() + b">" in bytes(message)


def test_embed_with_pictures_of_one_name_tells_them_apart() -> None:
    """Two folders may each have a logo.png; each message has its own pictures only."""
    templates = Templates(
        {"a.html": "{% for p in paths %}{{ embed(p) }}{% endfor %}", "1/x.png": PNG, "2/x.png": PNG + b"2"}
    )
    both = templates.render("a.html", {"paths": ["1/x.png", "2/x.png"]}).embedded
    assert len({image.cid for image in both}) == 2
    assert templates.render("a.html", {"paths": ["2/x.png"]}).embedded == both[1:]
    assert templates.render("a.html", {"paths": []}).embedded == ()


def test_embed_without_the_picture_says_where_it_was_wanted() -> None:
    """A missing picture is told with the line that shows it."""
    with pytest.raises(TemplateBroken, match=r"no picture 'nope\.png'") as caught:
        Templates({"a.html": "\n\n{{ embed('nope.png') }}"}).render("a.html")
    assert (caught.value.name, caught.value.line) == ("a.html", 3)


def test_embed_with_a_changed_picture_takes_the_new_one(tmp_path: Path) -> None:
    """Pictures are read anew when they change."""
    (tmp_path / "a.html").write_text("{{ embed('x.png') }}")
    (tmp_path / "x.png").write_bytes(PNG)
    templates = Templates(tmp_path)
    first = templates.render("a.html").embedded[0]
    (tmp_path / "x.png").write_bytes(PNG + b"changed")
    second = templates.render("a.html").embedded[0]
    assert second.data == PNG + b"changed"
    assert first.cid != second.cid


# -- places ----------------------------------------------------------------------------------------------------------


def test_render_with_a_changed_file_reads_it_anew(tmp_path: Path) -> None:
    """Head, body, layout, text beside: all follow their files."""
    (tmp_path / "base.html").write_text("<p>{% block a %}{% endblock %}</p>")
    (tmp_path / "a.html").write_text('Subject: one\n\n{% extends "base.html" %}{% block a %}1{% endblock %}')
    templates = Templates(tmp_path)
    assert templates.render("a.html").html == "<p>1</p>"
    (tmp_path / "base.html").write_text("<div>{% block a %}{% endblock %}</div>")
    (tmp_path / "a.html").write_text('Subject: other\n\n{% extends "base.html" %}{% block a %}22{% endblock %}')
    page = templates.render("a.html")
    assert (page.subject, page.html) == ("other", "<div>22</div>")
    (tmp_path / "a.txt").write_text("by hand")
    assert templates.render("a.html").text == "by hand"


def test_templates_in_several_places_take_the_first(tmp_path: Path) -> None:
    """One's own folder goes before the next; what it does not have comes from there."""
    (tmp_path / "a.txt").write_text("Subject: mine\n\nmine")
    templates = Templates([tmp_path, {"a.txt": "Subject: theirs\n\ntheirs", "b.txt": "theirs"}])
    assert templates.render("a.txt").subject == "mine"
    assert templates.render("b.txt").text == "theirs"
    assert templates.names() == ["a.txt", "b.txt"]
    (tmp_path / "a.txt").unlink()
    assert templates.render("a.txt").subject == "theirs"


def test_templates_of_a_package_are_read_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package, installed as a folder or a zip file, can bring templates along."""
    with ZipFile(tmp_path / "lib.zip", "w") as archive:
        archive.writestr("mailkit_zipped/__init__.py", "")
        archive.writestr("mailkit_zipped/mails/a.txt", 'Subject: Hi\n\n{% include "parts/b.txt" %}')
        archive.writestr("mailkit_zipped/mails/parts/b.txt", "zipped")
        archive.writestr("mailkit_zipped/secret.txt", "secret")
    monkeypatch.syspath_prepend(str(tmp_path / "lib.zip"))
    templates = Templates("mailkit_zipped:mails")
    assert (templates.render("a.txt").text, templates.names()) == ("zipped", ["a.txt", "parts/b.txt"])
    assert templates.read("../secret.txt") is None
    assert Templates(sys.modules["mailkit_zipped"]).render("mails/parts/b.txt").text == "zipped"
    del templates
    with warnings.catch_warnings():  # Python's own reader of zipped packages leaves its file to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize(
    "where", ["nope", "/nope", "no.such.package", "nopackage:mails", "mailkit:../secret", Path("nope")]
)
def test_templates_without_their_place_is_refused(where: object) -> None:
    """A folder or package that is not there is told at once."""
    with pytest.raises(ConfigError, match="there is no"):
        Templates(where)


def test_templates_in_many_threads_give_each_its_own() -> None:
    """Eight threads share one object: nobody gets another's values or pictures."""
    templates = Templates(
        {
            "a.html": "Subject: {{ n }}\nPreheader: {{ n }}\n\n<style>p { top: 0 }</style><p>{{ n }}</p>{{ embed(n ~ '.png') }}",
            **{f"{n}.png": PNG + bytes([n]) for n in range(8)},
        }
    )
    wrong: list[object] = []

    def work(n: int) -> None:
        for _ in range(10):
            page = templates.render("a.html", {"n": n})
            if page.subject != str(n) or f">{n}</p>" not in page.html or page.embedded[0].data[-1] != n:
                wrong.append(page)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
