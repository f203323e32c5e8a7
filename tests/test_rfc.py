"""The index of RFCs names what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_ROW = re.compile(r"^\| ([\d., to]+) \| [^|]+ \| `([^`]+)` \| `([^`:]+)::([^`]+)` \|$", re.MULTILINE)
ROWS = _ROW.findall((ROOT / "docs" / "rfc.md").read_text(encoding="utf-8"))


def test_the_index_when_read_has_every_row_in_its_form() -> None:
    """No row is passed over because of a slip."""
    lines = (ROOT / "docs" / "rfc.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|") and not line.startswith(("| RFC and", "|---"))]
    assert len(ROWS) == len(rows) >= 50


@pytest.mark.parametrize(("section", "file", "path", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_when_looked_up_has_its_file_and_its_test(section: str, file: str, path: str, name: str) -> None:
    """Files and tests are renamed; the index goes with them."""
    assert (ROOT / "mailkit" / file).exists(), section
    assert f"def {name}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), section


def test_every_rfc_that_the_code_names_is_in_the_index() -> None:
    """Whoever follows a new one says so here; those that only explain a word are listed below."""
    said = {number for path in (ROOT / "mailkit").rglob("*.py") for number in _numbers(path)}
    assert said - _numbers(ROOT / "docs" / "rfc.md") == EXPLAINING


def _numbers(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return set(re.findall(r"\b(\d{4})\b", text))
    return {
        number
        for group in re.findall(r"RFC (\d{4}(?:(?:, | and | to )\d{4})*)", text)
        for number in re.findall(r"\d{4}", group)
    }


EXPLAINING = {"1035", "5646", "5895", "6068", "6530"}
