"""Real layouts by way of a skeleton, and each page by itself: the starters, the example, and the newsletter of the benchmark."""

import json
import random  # noqa: TID251 - seeded, for data that is odd in the same way every time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.newsletter import FILES, NAME, content, person
from mailkit import Templates
from mailkit.template import starter, starters

ROOT = Path(__file__).parents[2]
INLINERS = ["premailer", "css-inline", "none"]
ODD = (
    *(
        "Zoë & <Söhne>",
        'O\'Neill "Bob"',
        "a  b\tc",
        " edge ",
        "x\ny",
        "١٢٣",
        "😀",
        "\u00a0",
        "100% & more",
        "--> x",
        "",
    ),
    *("https://x.example/?a=1&b=ü", "javascript:alert(1)", "{{ 7 * 7 }}", "&amp;", "</style>", "\x7f", "\u202e"),
)


def pages() -> Iterator[tuple[str, Any, str, dict[str, Any]]]:
    """Where a template is, its name, and its sample data; each starter in each of its languages."""
    for name in starters():
        found = starter(name)
        data = json.loads(found.files[f"{name}.sample.json"])
        for language in found.languages:
            file = f"{name}.html" if language == "en" else f"{name}.{language}.html"
            yield file, ROOT / "templates", file, data
    yield "benchmark", FILES, NAME, {**content(), **person(1)}
    example = ROOT / "examples" / "newsletter"
    people = {"first": "Zoë", "name": "Zoë Quill", "city": "Zürich", "id": "7", "vip": "", "email": "zoe@example.com"}
    yield "example", example, "newsletter.html", {**json.loads((example / "content.json").read_text()), **people}


def varied(data: Any, chance: random.Random) -> Any:
    """The same data with some of its texts replaced by odd ones, and some lists of another length."""
    if isinstance(data, dict):
        return {key: varied(value, chance) for key, value in data.items()}
    if isinstance(data, list):
        some = [varied(value, chance) for value in data]
        return some[: chance.randint(0, len(some))] if chance.random() < 0.2 else some
    if isinstance(data, str) and chance.random() < 0.2 and not data[:4].isdigit():
        return chance.choice(ODD)
    return data


def rendered(templates: Templates, name: str, data: dict[str, Any]) -> object:
    try:
        made = templates.render(name, data)
    except Exception as error:  # odd data may be refused; then it is by both
        return type(error), str(error)
    return made.headers, made.html, made.text, made.calendar


@pytest.mark.slow
@pytest.mark.parametrize("inliner", INLINERS)
@pytest.mark.parametrize(("where", "name", "data"), [page[1:] for page in pages()], ids=[page[0] for page in pages()])
def test_a_layout_when_it_comes_of_a_skeleton_is_what_it_is_by_itself(
    where: Any, name: str, data: dict[str, Any], inliner: Any
) -> None:
    """With its sample data, with odd values in it, and with lists of other lengths."""
    shared, alone = Templates(where, inliner=inliner), Templates(where, inliner=inliner, skeletons=False)
    chance = random.Random(f"{name} {inliner}")
    contexts = [data, data, data, *(varied(data, chance) for _ in range(6)), data]
    for context in contexts:
        assert rendered(shared, name, context) == rendered(alone, name, context)
    # The sample data comes four times; by the third it is known which loops are the same for everybody.
    assert shared.statistics.hits >= 2
