"""Which files are templates of messages, in which languages, with which sample data."""

from pathlib import Path

import pytest

from mailkit import Templates
from mailkit.template.index import main_templates

FILES = {
    "receipt.html": "Subject: x\n\n{% extends 'layouts/base.html' %}",
    "receipt.de.html": "Subject: y\n\n{% extends 'receipt.html' %}",
    "receipt.pt_br.html": "Subject: z\n\n{% extends 'receipt.html' %}",
    "receipt.txt": "text",
    "receipt.de.txt": "text",
    "receipt.ics": "",
    "receipt.sample.json": "{}",
    "layouts/base.html": "{% block content %}{% endblock %}",
    "layouts/unused.html": "x",
    "_hidden.html": "x",
    "button.html": "<a>",
    "page.html": '{%- include "button.html" %}',
    "letter.md": "Layout: frame.html\n\nHi",
    "frame.html": "{% block content %}{% endblock %}",
    "note.txt": "Subject: n\n\nHi",
    "shop/order.mjml": "<mjml></mjml>",
    "mail.css": "p {}",
}


def test_main_templates_when_a_folder_has_all_kinds_then_only_messages_are_listed() -> None:
    """No translations, text parts, layouts and parts, however they are used."""
    found = main_templates(FILES, lambda name: FILES[name].encode())
    assert found == ["letter.md", "note.txt", "page.html", "receipt.html", "shop/order.mjml"]


def test_main_templates_when_a_part_has_a_sample_then_it_is_one() -> None:
    """Somebody wants to see it."""
    files = {**FILES, "button.sample.json": "{}"}
    assert "button.html" in main_templates(files, lambda name: files[name].encode())


def test_languages_when_there_are_translations_and_catalogues_then_all_are_told(tmp_path: Path) -> None:
    """The templates' own language first."""
    for name in ("fr", "not a language"):
        (tmp_path / name / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / name / "LC_MESSAGES" / "messages.po").write_text("")
    assert Templates(FILES).languages("receipt.html") == ["en", "de", "pt-BR"]
    assert Templates(FILES, locale="de", translations=tmp_path).languages("receipt.html") == ["de", "pt-BR", "fr"]
    assert Templates(FILES).languages("page.html") == ["en"]
    assert Templates({}).languages("mailkit:receipt.html") == ["en", "de"]


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("receipt.html", "receipt.sample.json"),
        ("receipt.de.html", "receipt.sample.json"),
        ("page.html", None),
        ("mailkit:welcome.de.html", "mailkit:welcome.sample.json"),
    ],
)
def test_sample_when_it_is_beside_the_template_then_its_name_is_told(name: str, sample: str | None) -> None:
    """A translation has that of its original; a starter its own."""
    assert Templates(FILES).sample(name) == sample
