"""What the documentation shows has been run."""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mailkit import MessageBuilder
from tests.kit.daemon import started
from tests.kit.dovecot import Dovecot
from tests.mailbox.conftest import Box

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MAILBOX = "ada:password@mail.example.com"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [code for kind, code in _BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's Python blocks run one after another, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    for code in blocks(page, "python"):
        if MAILBOX in code:
            continue  # run below, with a mailbox
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(code, page.name, "exec"), names)


def moved(code: str, box: Box) -> str:
    """Put a real mailbox in the place of the example's."""
    return re.sub(rf"(imaps|pop3s)://{MAILBOX}(?:/(\w+))?", lambda found: box.url(found[1], found[2] or ""), code)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if MAILBOX in page.read_text(encoding="utf-8")], ids=lambda page: page.name
)
def test_the_python_of_a_page_that_reads_mail_runs(
    page: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its blocks run one after another, with a real mailbox in the place of the example's."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    printed = io.StringIO()
    for dovecot in started(Dovecot, tmp_path_factory):
        box = Box(dovecot, dovecot.reader(0))
        letter = MessageBuilder().from_("bob@example.com").to(box.user).subject("Café").text("Hello")
        with box.imap() as opened:
            for folder in ("Sent", "Trash", "Archive"):
                opened.create(folder)
            for _ in range(3):
                opened.append(letter.attach(b"x", filename="a.txt").build())
        for code in (moved(code, box) for code in blocks(page, "python") if MAILBOX in code):
            with contextlib.redirect_stdout(printed):
                exec(compile(code, page.name, "exec"), names)
    assert "Café" in printed.getvalue()
    assert (tmp_path / "files" / "a.txt").read_bytes() == b"x"


@pytest.mark.slow
def test_the_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's commands end with exit code 0, or with the one that is written behind them."""
    readme = ROOT / "README.md"
    monkeypatch.chdir(tmp_path)
    shutil.copytree(
        ROOT / "examples" / "newsletter", tmp_path / "examples" / "newsletter", ignore=shutil.ignore_patterns("out")
    )
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "welcome.html").write_text("Subject: Welcome, {{ name }}\n\n<p>Dear {{ name }}</p>\n")
    lines = [
        line for block in blocks(readme, "console") for line in block.splitlines() if line.startswith("$ mailkit ")
    ]
    assert len(lines) >= 4
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILKIT_")}
    for line in lines:
        command, _, comment = line.removeprefix("$ ").partition("  #")
        expected = int(found[1]) if (found := re.search(r"exit code (\d)", comment)) else 0
        words = [sys.executable, "-m", *shlex.split(command)]
        result = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
        assert result.returncode == expected, f"{command}\n{result.stderr}"


def test_every_link_leads_somewhere() -> None:
    """Links between the pages, and to pictures, are not broken."""
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "examples" / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_make_targets_of_the_readme_are_there() -> None:
    """Every ``make`` target that the documentation names exists."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert named <= targets
