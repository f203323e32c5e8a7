"""What is wrong with a message, before anybody gets it."""

from mailkit.check.scan import Scanner, SpamVerdict, Symbol

__all__ = ["Scanner", "SpamVerdict", "Symbol"]
