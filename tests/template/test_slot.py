"""Templates whose values stay apart."""

import pytest

from mailkit.errors import TemplateBroken, VariableMissing
from mailkit.template import SlotTemplate


def whole(text: str, data: dict[str, object]) -> str:
    return SlotTemplate(text, label="to").render(data).filled()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ name }} <{{ email }}>", "Zoë, <x> <zoe@example.com>"),
        ("{{ name | upper }}", "ZOË, <X>"),
        ("{{ 'Ada' }}{{ 1 }}", "Ada1"),
        ("{% if name %}{{ email }}{% endif %}", "zoe@example.com"),
        ("{{ nick | default('none') }}", "none"),
        ("fixed", "fixed"),
        ("", ""),
    ],
)
def test_fill_after_render_gives_what_jinja_gives(text: str, said: str) -> None:
    """The tokens are only in between."""
    assert whole(text, {"name": "Zoë, <x>", "email": "zoe@example.com"}) == said


def test_render_with_structure_in_a_value_shows_none_of_it() -> None:
    """What is taken apart holds no character of the data."""
    slotted = SlotTemplate("{{ name }} <{{ email }}>", label="to").render({"name": 'a, "b" <c>', "email": "d@e"})
    assert slotted.values == ['a, "b" <c>', "d@e"]
    assert all(character not in slotted.text for character in ',"@')
    assert slotted.text.count("<") == 1
    assert slotted.mailbox() == ('a, "b" <c>', "d@e")


def test_fill_with_many_values_mixes_none_up() -> None:
    """The tenth token is not the first with a zero behind it."""
    names = [f"n{number}" for number in range(25)]
    text = " ".join(f"{{{{ {name} }}}}" for name in names)
    assert whole(text, {name: f"<{name}>" for name in names}) == " ".join(f"<{name}>" for name in names)


def test_render_with_a_missing_variable_says_which() -> None:
    """A misspelt column is named, with the one that was meant."""
    with pytest.raises(VariableMissing, match="'emial'") as caught:
        SlotTemplate("{{ emial }}", label="--to").render({"email": "x"})
    assert caught.value.hint == "Did you mean 'email'?"
    assert caught.value.name == "--to"


@pytest.mark.parametrize("text", ["{{ name", "{% if %}", "{{ name | nofilter }}"])
def test_slot_template_with_a_syntax_error_is_refused(text: str) -> None:
    """Found before any row is read."""
    with pytest.raises(TemplateBroken):
        SlotTemplate(text, label="to")


@pytest.mark.parametrize("text", ["{{ name / 2 }}", "{% include 'x' %}", "{{ name() }}"])
def test_render_with_a_failing_expression_is_a_template_error(text: str) -> None:
    """Whatever goes wrong inside is told as a fault of the template."""
    with pytest.raises(TemplateBroken, match=r"^to: "):
        SlotTemplate(text, label="to").render({"name": "x"})


def test_render_with_template_code_in_a_value_does_not_run_it() -> None:
    """Data is never a template."""
    assert whole("{{ name }}", {"name": "{{ 7 * 7 }}"}) == "{{ 7 * 7 }}"
