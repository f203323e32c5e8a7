"""The journal's file."""

from os import PathLike

from mailkit.bulk.journal import schema
from mailkit.database import Database, Kind
from mailkit.errors import JournalError

__all__ = ["Store"]

_KIND = Kind(
    application=schema.APPLICATION,
    version=schema.VERSION,
    create=schema.create,
    migrate=schema.migrate,
    error=JournalError,
    noun="journal",
    full="mailkit journal",
    option="--journal",
)


class Store(Database):
    """One journal, with the campaigns that are in it. Raises JournalError."""

    def __init__(self, path: str | PathLike[str] | None, *, must_exist: bool = False) -> None:
        super().__init__(path, _KIND, must_exist=must_exist)
