"""Unsubscribing: what a campaign offers, and the small web application that takes people at their word (RFC 8058)."""

from mailkit.bulk.offer import Unsubscribe
from mailkit.bulk.unsubscribe.page import Page, View
from mailkit.bulk.unsubscribe.web import app

__all__ = ["Page", "Unsubscribe", "View", "app"]
