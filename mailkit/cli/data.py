"""Templates and their data, as the commands' arguments give them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mailkit.errors import ConfigError
from mailkit.template import Templates

__all__ = ["locate", "opened", "read_context", "sample_context"]


def locate(template: str, folder: str, *, translations: str, inliner: str) -> tuple[Templates, str]:
    """Return the templates and the name: of a template in ``folder``, or of a file given by its path."""
    where, name = _place(template, folder)
    return opened(where, translations=translations, inliner=inliner), name


def opened(where: Path | dict[str, str], *, translations: str, inliner: str) -> Templates:
    """Return the templates of a folder, set up as the options say."""
    return Templates(where, translations=translations or None, inliner=inliner)  # type: ignore[arg-type]  # checked there


def _place(template: str, folder: str) -> tuple[Path, str]:
    if folder:
        return Path(folder), template
    path = Path(template)
    if path.is_file():
        return path.parent, path.name
    if not Path("templates").is_dir():
        raise ConfigError(
            f"there is no template file {template!r}, and no folder 'templates' to look for it in",
            hint="Give the path of the template, or its name and --templates FOLDER.",
        )
    return Path("templates"), template


def read_context(file: Path | None, assignments: Iterable[str]) -> dict[str, Any]:
    """Return the data of a JSON file, with ``name=value`` assignments over it. Raises ConfigError."""
    context: dict[str, Any] = {}
    if file:
        context = _json_object(file)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.isidentifier():
            raise ConfigError(f"--set {assignment!r} is not name=value", hint="Write --set city=Paris.")
        context[name] = value
    return context


def sample_context(templates: Templates, template: str) -> dict[str, Any]:
    """Return ``receipt.sample.json`` beside ``receipt.html`` or ``receipt.de.html``, or nothing."""
    name = templates.sample(template)
    return _parsed((templates.read(name) or b"").decode("utf-8-sig", "replace"), name) if name else {}


def _json_object(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise ConfigError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{str(path)!r} is not UTF-8") from None


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{name}:{error.lineno}: {error.msg}", hint="The file must hold one JSON object.") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{name}: a JSON object is wanted, not a {type(data).__name__}")
    return data
