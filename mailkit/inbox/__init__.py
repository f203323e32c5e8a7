"""The development inbox: an SMTP server that takes everything, and what it took: searched, awaited, looked at."""

from mailkit.inbox.archive import Archive, Found, Tally
from mailkit.inbox.box import Box
from mailkit.inbox.bundle import unbundled
from mailkit.inbox.catch import Session
from mailkit.inbox.caught import Caught
from mailkit.inbox.certificate import own_certificate
from mailkit.inbox.inbox import Inbox
from mailkit.inbox.release import Release
from mailkit.inbox.rules import Moment, Rule, Rules
from mailkit.inbox.search import Search
from mailkit.inbox.site import Site, app
from mailkit.inbox.summary import Summary

__all__ = [
    "Archive",
    "Box",
    "Caught",
    "Found",
    "Inbox",
    "Moment",
    "Release",
    "Rule",
    "Rules",
    "Search",
    "Session",
    "Site",
    "Summary",
    "Tally",
    "app",
    "own_certificate",
    "unbundled",
]
