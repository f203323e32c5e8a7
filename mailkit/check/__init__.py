"""What is wrong with a message: HTML that clients do not show, habits that filters punish, and what filters say."""

from mailkit.check.client import ClientSupport, Feature, MailClient, Support
from mailkit.check.finding import Finding, Severity, Where
from mailkit.check.html import ClientScore, HtmlFinding, HtmlReport, check_html
from mailkit.check.lint import lint
from mailkit.check.scan import Scanner, SpamVerdict, Symbol

__all__ = [
    "ClientScore",
    "ClientSupport",
    "Feature",
    "Finding",
    "HtmlFinding",
    "HtmlReport",
    "MailClient",
    "Scanner",
    "Severity",
    "SpamVerdict",
    "Support",
    "Symbol",
    "Where",
    "check_html",
    "lint",
]
