"""Settings: flags, then the environment, then a file."""

import json
from pathlib import Path

import pytest

from tests.kit.command import Command

TOML = {"mailkit.toml": "{}", "pyproject.toml": "[project]\nname = 'x'\n[tool.mailkit]\n{}"}


@pytest.fixture(autouse=True)
def _files(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "a.txt").write_text("Subject: x\n\nx")
    (folder / "people.csv").write_text("email\nzoe@example.com\nbob@example.com\n")


@pytest.mark.parametrize("file", TOML)
def test_settings_in_a_file_are_the_defaults(mailkit: Command, folder: Path, file: str) -> None:
    """Everything that a campaign needs can stand in mailkit.toml, or in pyproject.toml."""
    settings = 'url = "file:outbox"\nfrom = "file@example.com"\ntemplates = "in"\njournal = "j.db"\nrate = "600/s"\nconnections = 2\nattempts = 1'
    (folder / file).write_text(TOML[file].format(settings))
    ended = mailkit("batch", "a.txt", "people.csv", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["sent"] == 2
    assert len(list(folder.glob("outbox/*.eml"))) == 2
    assert (folder / "j.db").exists()
    assert "file@example.com" in next(folder.glob("outbox/*.json")).read_text()


def sender(folder: Path) -> str:
    (described,) = folder.glob("outbox/*.json")
    return json.loads(described.read_text())["sender"]


@pytest.mark.parametrize(
    ("flag", "variable", "wins"),
    [("flag@example.com", "env@example.com", "flag"), ("", "env@example.com", "env"), ("", "", "file")],
)
def test_settings_in_several_places_obey_their_order(
    mailkit: Command, monkeypatch: pytest.MonkeyPatch, folder: Path, flag: str, variable: str, wins: str
) -> None:
    """A flag wins over a variable, a variable over the file."""
    (folder / "mailkit.toml").write_text('url = "file:outbox"\nfrom = "file@example.com"')
    if variable:
        monkeypatch.setenv("MAILKIT_FROM", variable)
    arguments = ["--from", flag] if flag else []
    assert mailkit("send", "--to", "bob@example.com", "--text", "x", *arguments).code == 0
    assert sender(folder) == f"{wins}@example.com"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("MAILKIT_URL", "nope:", "there is no transport"),
        ("MAILKIT_RATE", "fast", "is not a rate"),
        ("MAILKIT_CONNECTIONS", "x", "MAILKIT_CONNECTIONS"),
        ("MAILKIT_ATTEMPTS", "0", "MAILKIT_ATTEMPTS"),
        ("MAILKIT_JOURNAL", "nope/j.db", "nope/j.db"),
        ("MAILKIT_TEMPLATES", "nope", "there is no template folder"),
        ("MAILKIT_FROM", "nobody", "has no @"),
    ],
)
def test_settings_in_the_environment_are_all_read(
    mailkit: Command, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """Each documented variable counts, which its wrong value shows."""
    good = {"MAILKIT_URL": "null:", "MAILKIT_FROM": "ada@example.com", "MAILKIT_TEMPLATES": "in"}
    for name, text in (good | {variable: value}).items():
        monkeypatch.setenv(name, text)
    ended = mailkit("batch", "a.txt", "people.csv")
    assert (ended.code, said in ended.err) == (2, True)


def test_settings_in_mailkit_toml_go_before_pyproject(mailkit: Command, folder: Path) -> None:
    """One file counts, not a mixture."""
    (folder / "mailkit.toml").write_text('url = "file:outbox"\nfrom = "one@example.com"')
    (folder / "pyproject.toml").write_text('[tool.mailkit]\nfrom = "two@example.com"')
    assert mailkit("send", "--to", "bob@example.com", "--text", "x").code == 0
    assert sender(folder) == "one@example.com"


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("mailkit.toml", "url = ", "mailkit.toml cannot be read"),
        ("mailkit.toml", 'ulr = "null:"', "there is no setting 'ulr'"),
        ("mailkit.toml", "connections = [1]", "connections must be text or a number"),
        ("mailkit.toml", "connections = true", "connections must be text or a number"),
        ("mailkit.toml", "connections = 'many'", "--connections"),
        ("pyproject.toml", "[tool]\nmailkit = 3", "[tool.mailkit] must be a table"),
        ("pyproject.toml", "[tool.mailkit]\nulr = 1", "pyproject.toml: there is no setting 'ulr'"),
        ("pyproject.toml", "nonsense", "pyproject.toml cannot be read"),
    ],
)
def test_settings_that_are_wrong_are_told_with_their_file(
    mailkit: Command, folder: Path, file: str, content: str, said: str
) -> None:
    """A typing error in the settings is not passed over."""
    (folder / file).write_text(content)
    ended = mailkit("batch", "in/a.txt", "people.csv", "--via", "null:", "--from", "ada@example.com")
    assert (ended.code, said in ended.err) == (2, True)
    assert "Traceback" not in ended.all


@pytest.mark.parametrize(
    "content", ["[project]\nname = 'x'\n", "", "[tool.ruff]\nline-length = 99\n", "[tool.mailkit]\n"]
)
def test_settings_in_a_pyproject_without_ours_are_none(mailkit: Command, folder: Path, content: str) -> None:
    """Another project's file does no harm."""
    (folder / "pyproject.toml").write_text(content)
    assert mailkit("verify", "--via", "null:").code == 0


def test_settings_with_a_byte_order_mark_are_read(mailkit: Command, folder: Path) -> None:
    """An editor's byte order mark does no harm."""
    (folder / "mailkit.toml").write_text('\ufeffurl = "null:"')
    assert mailkit("verify").code == 0
