"""Help and version."""

import pytest

import mailkit as library
from tests.kit.command import Command


@pytest.mark.parametrize("command", ["send", "batch", "render", "new", "verify"])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_of_every_command_shows_an_example(mailkit: Command, command: str, flag: str) -> None:
    """What to type is shown, ready to copy."""
    ended = mailkit(command, flag)
    assert (ended.code, ended.err) == (0, "")
    assert "Examples" in ended.out
    assert f"mailkit {command} " in ended.out.split("Examples", 1)[1]
    assert "[bold]" not in ended.out


@pytest.mark.parametrize("command", ["send", "batch"])
def test_help_of_sending_commands_lists_the_exit_codes(mailkit: Command, command: str) -> None:
    """A script's author finds what each code means."""
    assert "Exit codes: 0 " in mailkit(command, "--help").out


def test_help_of_all_lists_the_commands(mailkit: Command) -> None:
    """One look shows what there is."""
    ended = mailkit("--help")
    assert ended.code == 0
    assert all(command in ended.out for command in ("send", "batch", "render", "new", "verify", "[tool.mailkit]"))


def test_help_with_broken_settings_is_still_there(mailkit: Command, folder) -> None:
    """Whoever looks for help gets it."""
    (folder / "mailkit.toml").write_text("broken")
    assert mailkit("--help").code == 0


def test_version_is_printed(mailkit: Command) -> None:
    """And nothing else."""
    ended = mailkit("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"mailkit {library.__version__}\n", "")
