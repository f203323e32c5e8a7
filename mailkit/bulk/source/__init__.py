"""Where a list of recipients comes from: each file reads one kind of source, a row at a time."""

from mailkit.bulk.source.row import Row

__all__ = ["Row"]
