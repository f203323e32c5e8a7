"""The command line: ``mailkit send``, ``batch``, ``render`` and ``verify``."""

from mailkit.cli.main import app, main

__all__ = ["app", "main"]
