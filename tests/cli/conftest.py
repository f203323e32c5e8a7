"""Commands, each run in a folder of its own and without the settings of whoever runs the tests."""

import os
from pathlib import Path

import pytest

from mailkit.template import inline_css
from tests.kit.command import Command, command_for


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    import typer.rich_utils  # noqa: F401

    inline_css("<style>p { color: red }</style><p>x</p>")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command runs in."""
    for name in os.environ:
        if name.startswith("MAILKIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mailkit(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command line in this process."""
    return command_for(monkeypatch)
