"""The house: imports go downward only."""

import ast
from pathlib import Path

import pytest

import mailkit

PACKAGE = Path(mailkit.__file__).parent

FLOORS = {
    **dict.fromkeys(("errors", "clock", "secret"), 1),
    **dict.fromkeys(("sansio", "mime", "database"), 2),
    **dict.fromkeys(("smtp", "message"), 3),
    **dict.fromkeys(("net", "template", "check"), 4),
    **dict.fromkeys(("transport", "mailbox"), 5),
    "delivery": 6,
    **dict.fromkeys(("bulk", "inbox", "preview"), 7),
    "cli": 8,
}
# What a room may know of its neighbour on the same floor: a mailbox's URL is read, and its user logs in, as those of a relay;
# a spam filter is asked over a socket; a template is looked at in the page that shows mail.
NEIGHBOURS = {
    "mailbox": {"mailkit.transport.url", "mailkit.transport.login", "mailkit.transport.certificate"},
    "check": {"mailkit.net.aio", "mailkit.net.blocking", "mailkit.net.tls"},
    "preview": {
        "mailkit.inbox.detail",
        "mailkit.inbox.served",
        "mailkit.inbox.web",
        "mailkit.inbox.web.answer",
        "mailkit.inbox.web.guard",
        "mailkit.inbox.web.live",
        "mailkit.inbox.web.shown",
    },
}
# The door and the way in from the shell may reach everything; nothing reaches them.
DOORS = ("__init__", "__main__")

FILES = sorted(path for path in PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name not in NEIGHBOURS.get(room(path), ())}


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names = inside if node.module in ("mailkit", "mailkit.transport") else [node.module]
        found |= {name for name in names if name.startswith("mailkit.")}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downward_only(path: Path) -> None:
    """A file imports its own room and lower floors; rooms on one floor do not know each other."""
    here = room(path)
    if here in DOORS:
        return
    for other in imported_rooms(path) - {here, "__version__"}:
        if here == "testing":
            assert other != "cli"
        else:
            assert other in FLOORS, f"{here} imports {other}, which has no floor"
            assert FLOORS[other] < FLOORS[here], (
                f"{here} (floor {FLOORS[here]}) imports {other} (floor {FLOORS[other]})"
            )


def test_every_room_has_a_floor() -> None:
    """A new folder is given its floor here before anything can import it."""
    assert {room(path) for path in FILES} - {*DOORS, "testing"} <= set(FLOORS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_outgrows_its_room(path: Path) -> None:
    """Past 400 lines a file is two ideas."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "misc"}


def test_file_names_say_what_is_inside() -> None:
    """No file is called after nothing in particular."""
    assert not {path.stem for path in FILES} & BANNED_NAMES
