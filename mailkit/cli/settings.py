"""Settings: what flags and environment leave open comes from ``mailkit.toml``, or ``[tool.mailkit]`` in pyproject.toml."""

import tomllib
from pathlib import Path
from typing import Any

from mailkit.errors import ConfigError

__all__ = ["load"]

# The setting's name to the name of the commands' parameter.
_KNOWN = {
    "url": "via",
    "from": "sender",
    "templates": "templates",
    "journal": "journal",
    "rate": "rate",
    "connections": "connections",
    "attempts": "attempts",
    "locale": "locale",
    "translations": "translations",
    "inliner": "inliner",
    "mailbox": "mailbox",
    "save_to": "save_to",
}


def load(folder: Path) -> dict[str, Any]:
    """Return the defaults for the commands' parameters. Raises ConfigError naming the file and the setting."""
    for path, section in ((folder / "mailkit.toml", ()), (folder / "pyproject.toml", ("tool", "mailkit"))):
        if path.is_file():
            settings = _read(path)
            for name in section:
                settings = settings.get(name, {})
                if not isinstance(settings, dict):
                    raise ConfigError(f"{path}: [{'.'.join(section)}] must be a table")
            if settings or not section:
                return _checked(settings, path)
    return {}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def _checked(settings: dict[str, Any], path: Path) -> dict[str, Any]:
    for name, value in settings.items():
        if name not in _KNOWN:
            raise ConfigError(f"{path}: there is no setting {name!r}", hint=f"There are: {', '.join(sorted(_KNOWN))}.")
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise ConfigError(f"{path}: {name} must be text or a number")  # its value is not shown: it may be a URL
    return {_KNOWN[name]: value for name, value in settings.items()}
