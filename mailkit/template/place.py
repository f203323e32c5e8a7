"""Where templates and their pictures are: folders, packages and dictionaries. No name climbs out of its place."""

import os
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeAlias

from mailkit.errors import ConfigError

__all__ = ["Given", "Package", "Place", "places"]

Given: TypeAlias = str | PathLike[str] | ModuleType | Mapping[str, str | bytes]
"""A folder, a package (a module, or ``"package:folder"``), or a dictionary from name to content."""


class Place(Protocol):
    """Finds files by name. Names use ``/``."""

    def read(self, name: str) -> bytes | None:
        """Return the file's bytes, or None when it is not here."""

    def stamp(self, name: str) -> object:
        """Return a value that changes when the file changes."""

    def names(self) -> Iterator[str]:
        """Go through the names of all files."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> bytes | None:
        try:
            path = self._root.joinpath(*_segments(name))
            return path.read_bytes() if path.resolve().is_relative_to(self._root.resolve()) else None
        except (OSError, ValueError):
            return None

    def stamp(self, name: str) -> object:
        try:
            status = self._root.joinpath(*_segments(name)).stat()
        except (OSError, ValueError):
            return None
        return status.st_mtime_ns, status.st_size

    def names(self) -> Iterator[str]:
        # What tools keep beside the templates, such as .git and node_modules, is not gone through.
        for folder, inner, found in os.walk(self._root):
            inner[:] = sorted(name for name in inner if not name.startswith(".") and name != "node_modules")
            for name in sorted(found):
                yield Path(folder, name).relative_to(self._root).as_posix()


class Package:
    """Files inside an installed package, which may be a zip file."""

    def __init__(self, root: Traversable) -> None:
        self._root = root

    def read(self, name: str) -> bytes | None:
        try:
            return self._root.joinpath(*_segments(name)).read_bytes()
        except (OSError, ValueError):
            return None

    def stamp(self, name: str) -> object:
        return None

    def names(self) -> Iterator[str]:
        yield from self._below(self._root, "")

    def _below(self, folder: Traversable, prefix: str) -> Iterator[str]:
        for entry in folder.iterdir():
            if entry.is_dir():
                yield from self._below(entry, f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name


class _Dictionary:
    def __init__(self, contents: Mapping[str, str | bytes]) -> None:
        self._contents = contents

    def read(self, name: str) -> bytes | None:
        content = self._contents.get(name)
        return content.encode() if isinstance(content, str) else content

    def stamp(self, name: str) -> object:
        return hash(self._contents.get(name))

    def names(self) -> Iterator[str]:
        yield from sorted(self._contents)


def _segments(name: str) -> list[str]:
    segments = [segment for segment in name.split("/") if segment and segment != "."]
    if any(segment == ".." or "\\" in segment or ":" in segment or "\0" in segment for segment in segments):
        raise ValueError(name)
    return segments


def places(given: Given | Iterable[Given]) -> tuple[Place, ...]:
    """Make places of what a user gave. Raises ConfigError for a folder or package that is not there."""
    if isinstance(given, (str, PathLike, ModuleType, Mapping)):
        return (_place(given),)
    return tuple(_place(one) for one in given)  # type: ignore[union-attr]  # no module gets here


def _place(given: Given) -> Place:
    if isinstance(given, Mapping):
        return _Dictionary(given)
    if isinstance(given, ModuleType):
        return Package(files(given))
    folder = Path(given)
    if folder.is_dir():
        return _Folder(folder)
    package, colon, inner = str(given).partition(":")
    if (colon and package.isidentifier()) or (
        "." in package and all(part.isidentifier() for part in package.split("."))
    ):
        try:
            return Package(files(import_module(package)).joinpath(*_segments(inner)))
        except (ImportError, TypeError, ValueError):
            raise ConfigError(f"there is no package {package!r} to take templates from") from None
    raise ConfigError(
        f"there is no template folder {str(given)!r}",
        hint=f"The path is relative to {Path.cwd()}." if not folder.is_absolute() else "",
    )
