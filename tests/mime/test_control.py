"""Which characters are refused, and how the refusal reads."""

import pytest

from mailkit.errors import MessageError
from mailkit.mime.control import refuse_controls, replace_controls
from tests.kit.hostile import hostile


@hostile
def test_text_when_hostile_is_refused_with_field_and_position(text: str) -> None:
    """The error names the field and the place of the first bad character."""
    with pytest.raises(MessageError, match=r"^subject: .* at position \d+ is not allowed here") as caught:
        refuse_controls(text, field="subject")
    assert caught.value.field == "subject"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "what"),
    [("a\rb", "a carriage return (CR)"), ("a\nb", "a line break (LF)"), ("a\0b", "a NUL"), ("a\x7fb", "U+007F")],
)
def test_a_refusal_when_read_by_a_person_names_the_character(text: str, what: str) -> None:
    """The three that everybody knows have names; the rest have numbers."""
    with pytest.raises(MessageError) as caught:
        refuse_controls(text, field="subject")
    assert what in str(caught.value)
    assert "position 1" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "tab\tstop",
        "no\u00a0break",
        "Zoë",
        "日本語",
        "🎉",
        "👩\u200d👩\u200d👧",
        "\ufeffmark",
        "עברית",
        "a\u0301",
    ],
)
def test_text_when_harmless_comes_back_unchanged(text: str) -> None:
    """Tabs, unusual spaces, joiners and every script are text."""
    assert refuse_controls(text, field="subject") is text
    assert replace_controls(text, by="?") is text


@hostile
def test_hostile_text_when_replaced_is_no_longer_refused(text: str) -> None:
    """What the reader cleans can be written."""
    clean = replace_controls(text, by="\ufffd")
    assert len(clean) == len(text)
    assert refuse_controls(clean, field="subject") == clean
