"""The rows of a database query, by SQLAlchemy, as they come."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mailkit.bulk.source.row import Row, from_cells, header, is_blank
from mailkit.bulk.source.value import plain
from mailkit.errors import ConfigError, RecipientsError

__all__ = ["is_url", "rows", "shown"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+_.-]+://")
_CHUNK = 500


def is_url(source: str) -> bool:
    """Whether this is the URL of a database, and no path."""
    return _URL.match(source) is not None


def shown(url: str) -> str:
    """Return the URL without user, password and options, for errors and names."""
    scheme, _, rest = url.partition("://")
    place, _, options = rest.partition("?")
    if "@" in options:  # of the password or of the options: who knows where the secret ends
        return f"{scheme}://…"
    return f"{scheme}://{place.rpartition('@')[2]}"


def rows(url: str, query: str) -> Iterator[Row]:
    """Run the query and give its rows; it can change nothing. Raises RecipientsError, without the password."""
    try:
        import sqlalchemy  # noqa: F401
    except ImportError:
        raise ConfigError(
            "databases need another package", hint="Install it: pip install 'mailkit-compose[sql]'."
        ) from None
    name = shown(url)
    engine = _engine(url, name)
    try:
        yield from _rows(engine, query, name)
    except RecipientsError:
        raise
    except Exception as error:  # noqa: BLE001 - drivers raise what they like, and a traceback shows it
        raise RecipientsError(
            f"the query failed: {_said(error, engine.url)}",
            source=name,
            hint="Is the database there, and are the names in --query right?",
        ) from None
    finally:
        engine.dispose()


def _rows(engine: Any, query: str, name: str) -> Iterator[Row]:
    from sqlalchemy import text

    # A colon would begin a parameter, and there are none.
    statement = text(query.replace(":", "\\:"))
    options = {"stream_results": True, "yield_per": _CHUNK, "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        result = connection.execute(statement)
        if not result.returns_rows:
            raise RecipientsError("the query gives no rows", source=name, hint="A SELECT is wanted.")
        keys = list(result.keys())
        names = header(keys, name=name, line=0)
        if len(names) < len(keys):
            raise RecipientsError(f"column {len(keys)} has no name", source=name, hint="Write: SELECT … AS name.")
        for number, cells in enumerate(result, start=1):
            if row := _row(number, names, cells):
                yield row


def _engine(url: str, name: str) -> Any:
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        parsed = make_url(url)
        engine = create_engine(parsed, poolclass=NullPool)
    except NoSuchModuleError:
        kind = url.partition(":")[0]
        raise ConfigError(
            f"there is no kind of database {kind!r}", hint="Write sqlite:///people.db or postgresql+psycopg://…"
        ) from None
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{name} needs the database driver {error.name!r}, which is not installed",
            hint="For PostgreSQL: pip install 'mailkit-compose[postgres]', and postgresql+psycopg://…",
        ) from None
    except (SQLAlchemyError, ValueError, TypeError):  # their texts may hold the URL
        raise ConfigError(
            f"{name} is no URL of a database",
            hint="Write sqlite:///people.db, or percent-encode what is odd in the password: @ is %40.",
        ) from None
    path = parsed.database or ":memory:"
    is_path = parsed.get_backend_name() == "sqlite" and not path.startswith((":memory:", "file:"))
    if is_path and not Path(path).is_file():  # SQLite would make one
        raise RecipientsError("there is no such file", source=name, hint="Three slashes are before a relative path.")
    return engine


def _row(number: int, names: list[str], cells: Any) -> Row | None:
    found: list[Any] = []
    for column, cell in zip(names, cells, strict=True):
        try:
            found.append(plain(cell))
        except ValueError as error:
            return Row(number, problem=f"the value of {column!r} cannot be used: {error}")
    return from_cells(number, names, found) if not all(is_blank(cell) for cell in found) else None


def _said(error: Exception, url: Any) -> str:
    """The first line of what the database said itself, without what the URL keeps secret."""
    said = (str(getattr(error, "orig", None) or error).strip() or type(error).__name__).splitlines()[0]
    options = [one for value in url.query.values() for one in (value if isinstance(value, tuple) else (value,))]
    for secret in sorted(filter(None, (url.password, *options)), key=len, reverse=True):
        said = said.replace(str(secret), "***")
    return said
