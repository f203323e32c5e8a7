"""Campaigns: one template to many recipients, each exactly once, with a journal of what became of it."""

from mailkit.bulk.addressing import Addressing
from mailkit.bulk.campaign import RETRY, Campaign
from mailkit.bulk.composer import Composer
from mailkit.bulk.exchange import Imported, export_csv, import_csv
from mailkit.bulk.helm import Helm
from mailkit.bulk.journal import Cause, Journal, Line, Verdict
from mailkit.bulk.offer import Unsubscribe
from mailkit.bulk.progress import Observer, Progress, Stage
from mailkit.bulk.publish import publish
from mailkit.bulk.recipients import Recipients, Row
from mailkit.bulk.report import BadRow, Report, report_on
from mailkit.bulk.state import Entry, InDoubt, Result, State
from mailkit.bulk.suppression import Reason, Suppression, Suppressions

__all__ = [
    "RETRY",
    "Addressing",
    "BadRow",
    "Campaign",
    "Cause",
    "Composer",
    "Entry",
    "Helm",
    "Imported",
    "InDoubt",
    "Journal",
    "Line",
    "Observer",
    "Progress",
    "Reason",
    "Recipients",
    "Report",
    "Result",
    "Row",
    "Stage",
    "State",
    "Suppression",
    "Suppressions",
    "Unsubscribe",
    "Verdict",
    "export_csv",
    "import_csv",
    "publish",
    "report_on",
]
