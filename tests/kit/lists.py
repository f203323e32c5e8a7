"""Lists of recipients in files."""

from pathlib import Path

from mailkit.bulk.recipients import Recipients, Row

__all__ = ["data", "rows"]


def rows(folder: Path, content: str | bytes, name: str = "people.csv", **options: str) -> list[Row]:
    """Write a list, and read it."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Recipients(path, **options).rows())


def data(folder: Path, content: str | bytes, name: str = "people.csv", **options: str) -> list[dict[str, object]]:
    """Write a list, and give the cells of its rows."""
    return [row.data for row in rows(folder, content, name, **options)]
