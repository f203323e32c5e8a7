"""Campaigns: one template to many recipients, each exactly once, with a journal of what became of it."""

from mailkit.bulk.addressing import Addressing
from mailkit.bulk.campaign import Campaign
from mailkit.bulk.journal import Journal
from mailkit.bulk.progress import Observer, Progress
from mailkit.bulk.recipients import Recipients, Row
from mailkit.bulk.report import BadRow, Report
from mailkit.bulk.state import Entry, Result, State

__all__ = [
    "Addressing",
    "BadRow",
    "Campaign",
    "Entry",
    "Journal",
    "Observer",
    "Progress",
    "Recipients",
    "Report",
    "Result",
    "Row",
    "State",
]
