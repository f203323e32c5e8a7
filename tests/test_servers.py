"""The table of servers says what the tests do."""

import importlib
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kit.targets import OFFERS

ROOT = Path(__file__).parent.parent
COLUMNS = ("postfix", "exim", "opensmtpd", "dovecot", "lmtp", "own")
_TEST = re.compile(r"`([\w/]+)\.py::(\w+)`")


@dataclass(frozen=True)
class Row:
    """One line of a table: what is exercised, with which servers, and by which tests."""

    what: str
    servers: frozenset[str]
    tests: tuple[tuple[str, str], ...]


def rows() -> list[Row]:
    lines = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8").splitlines()
    found = []
    for line in lines:
        if line.startswith("|") and not line.startswith(("|---", "| capability |", "| what is promised |")):
            what, *marks, tests = (cell.strip() for cell in line.strip("|").split("|"))
            assert len(marks) == len(COLUMNS), line
            assert set(marks) <= {"✓", "–"}, line
            ticked = frozenset(column for column, mark in zip(COLUMNS, marks, strict=True) if mark == "✓")
            found.append(Row(what, ticked, tuple(_TEST.findall(tests))))
    return found


def servers_of(module: str, test: str, what: str) -> set[str]:
    """The servers that a test runs with: its parameters, or else whose file it is in; elsewhere there is only our own."""
    function = getattr(importlib.import_module(f"tests.{module.replace('/', '.')}"), test)
    for mark in getattr(function, "pytestmark", []):
        names = mark.args[0] if mark.name == "parametrize" else ()
        if names == "server":
            return set(mark.args[1])
        if "server" in names:
            cases = [dict(zip(names, values, strict=True)) for values in mark.args[1]]
            return {case["server"] for case in cases if f"AUTH {case.get('mechanism', '')}" in (what, "AUTH ")}
    named = re.fullmatch(r"against/test_([a-z]+)(_\w+)?", module)
    return {named[1] if named else "own"}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.what)
def test_a_row_when_its_tests_are_looked_up_has_exactly_their_servers(row: Row) -> None:
    """No tick without a test, and no test without its tick."""
    exercised = {server for module, test in row.tests for server in servers_of(module, test, row.what)}
    assert row.servers == exercised


def test_every_capability_that_a_server_is_known_to_offer_has_its_row() -> None:
    """A new one in the kit is a new one in the table."""
    assert OFFERS.keys() <= {row.what for row in rows()}
