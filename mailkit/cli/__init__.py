"""The command line: ``mailkit send``, ``batch``, ``render`` and ``verify``."""

from mailkit.cli.main import main

__all__ = ["main"]
