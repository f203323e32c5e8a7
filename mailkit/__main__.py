"""``python -m mailkit``."""

from mailkit.cli import main

main()
