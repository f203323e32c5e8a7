"""What a spam filter thinks of a message: SpamAssassin or rspamd, which somebody else runs, is asked over its protocol."""

from mailkit.check.scan.scanner import Scanner
from mailkit.check.scan.verdict import SpamVerdict, Symbol

__all__ = ["Scanner", "SpamVerdict", "Symbol"]
