"""``mailkit new``."""

import json
from pathlib import Path

import pytest

from mailkit.template import starter, starters
from tests.kit.command import Command

RECEIPT = sorted(starter("receipt").files)


def copied(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_new_without_a_name_lists_the_starters(mailkit: Command, folder: Path) -> None:
    """Each with its purpose and its languages; nothing is written."""
    ended = mailkit("new")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines] == starters()
    assert any(line.startswith("  receipt ") and line.endswith(" what was bought and paid (en, de)") for line in lines)
    assert copied(folder) == {}


def test_new_without_a_name_as_json_gives_the_starters(mailkit: Command) -> None:
    """A program gets name, purpose and languages."""
    told = json.loads(mailkit("new", "--json").out)["starters"]
    assert [one["name"] for one in told] == starters()
    assert {"name": "receipt", "purpose": "what was bought and paid", "languages": ["en", "de"]} in told


def test_new_with_a_name_copies_it_with_its_layouts(mailkit: Command, folder: Path) -> None:
    """All languages, the sample data and the layouts, byte for byte, into the folder that commands look into."""
    ended = mailkit("new", "receipt")
    assert (ended.code, ended.out) == (0, "")
    assert copied(folder / "templates") == starter("receipt").files
    assert ended.err.count("wrote ") == len(RECEIPT)
    assert "mailkit preview templates/receipt.html" in ended.err


@pytest.mark.parametrize("to", ["mail", "a/b/c", "."])
def test_new_with_a_folder_writes_there(mailkit: Command, folder: Path, to: str) -> None:
    """The folder is made when it is not there."""
    ended = mailkit("new", "receipt", "--to", to)
    assert ended.code == 0
    assert copied(folder / to) == starter("receipt").files


def test_new_as_json_says_what_was_written(mailkit: Command, folder: Path) -> None:
    """The paths, and nothing for people."""
    ended = mailkit("new", "receipt", "--to", "mail", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert sorted(json.loads(ended.out)["written"]) == [f"mail/{name}" for name in RECEIPT]


@pytest.mark.parametrize("name", ["receipt.html", "receipt.de.html", "receipt.sample.json"])
def test_new_over_a_file_of_ones_own_stops(mailkit: Command, folder: Path, name: str) -> None:
    """Nothing is written, not even what is not there yet; --force writes over all."""
    (folder / "templates").mkdir()
    (folder / "templates" / name).write_text("mine")
    ended = mailkit("new", "receipt")
    assert (ended.code, ended.out) == (2, "")
    assert f"'templates/{name}' is there already" in ended.err
    assert "--force" in ended.err
    assert copied(folder / "templates") == {name: b"mine"}
    assert mailkit("new", "receipt", "--force").code == 0
    assert copied(folder / "templates") == starter("receipt").files


def test_new_with_a_changed_layout_keeps_it(mailkit: Command, folder: Path) -> None:
    """A layout serves all templates of a folder; only --force brings the first one back."""
    mailkit("new", "receipt")
    layout = folder / "templates" / "layouts" / "base.html"
    layout.write_text("mine")
    ended = mailkit("new", "welcome", "--json")
    assert ended.code == 0
    assert all(name.startswith("templates/welcome.") for name in json.loads(ended.out)["written"])
    assert layout.read_text() == "mine"
    assert mailkit("new", "welcome", "--force").code == 0
    assert layout.read_bytes() == starter("welcome").files["layouts/base.html"]


@pytest.mark.parametrize("name", ["nope", "receipt.html", "../receipt", "layouts/base", "RECEIPT"])
def test_new_with_an_unknown_name_says_which_there_are(mailkit: Command, folder: Path, name: str) -> None:
    """Wrong usage, with a hint; for programs too."""
    ended = mailkit("new", name)
    assert (ended.code, ended.out) == (2, "")
    assert f"there is no starter {name!r}" in ended.err
    assert "alert, digest" in ended.err
    error = json.loads(mailkit("new", name, "--json").out)["error"]
    assert (error["exit_code"], error["message"]) == (2, f"there is no starter {name!r}")
    assert "welcome" in error["hint"]
    assert copied(folder) == {}


@pytest.mark.parametrize("to", ["file", "file/below"])
def test_new_where_nothing_can_be_written_says_so(mailkit: Command, folder: Path, to: str) -> None:
    """A clear error, and no traceback."""
    (folder / "file").write_text("in the way")
    ended = mailkit("new", "receipt", "--to", to)
    assert (ended.code, ended.out) == (2, "")
    assert f"cannot write into '{to}'" in ended.err
    assert "Traceback" not in ended.err
    assert copied(folder) == {"file": b"in the way"}


@pytest.mark.parametrize("name", starters())
def test_new_then_render_shows_the_sample(mailkit: Command, name: str) -> None:
    """What was copied works as it is: with its own data, in each of its languages."""
    assert mailkit("new", name).code == 0
    for language in starter(name).languages:
        ended = mailkit("render", f"templates/{name}.html", "--locale", language)
        assert (ended.code, ended.err) == (0, "")
        assert f'<html lang="{language}"' in ended.out
        assert mailkit("render", f"{name}.html", "--locale", language, "--as", "text").out.count("\n") > 5
