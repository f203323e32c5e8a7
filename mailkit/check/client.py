"""What mail clients do with features of HTML and CSS: the data of Can I email, each client in its newest tested version."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["ClientSupport", "Feature", "MailClient", "Support", "data_date", "features"]

_NOTE = re.compile(r"#(\d+)")
_LINK = re.compile(r"\[([^\]]{1,200})\]\([^)]{1,500}\)")


class Support(StrEnum):
    YES = "yes"
    PARTIAL = "partial"
    NO = "no"
    UNKNOWN = "unknown"


_SUPPORT = {"y": Support.YES, "a": Support.PARTIAL, "n": Support.NO, "u": Support.UNKNOWN}


@dataclass(frozen=True, slots=True, order=True)
class MailClient:
    """A mail client: whose it is, such as "Gmail", and where it runs, such as "iOS"."""

    family: str
    platform: str

    def __str__(self) -> str:
        return f"{self.family} ({self.platform})"


@dataclass(frozen=True, slots=True)
class ClientSupport:
    """What one client does with one feature. ``version`` is the newest tested: a number, or the month of the test."""

    client: MailClient
    version: str
    support: Support
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    slug: str
    title: str
    category: str
    """``html``, ``css``, ``image`` or ``others``."""
    tested: str
    """The day of the last test, as YYYY-MM-DD."""
    support: tuple[ClientSupport, ...]

    @property
    def url(self) -> str:
        """The page that shows how it was tested."""
        return f"https://www.caniemail.com/features/{self.slug}/"


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((files("mailkit.check") / "clients.json").read_text(encoding="utf-8"))
    return data


def data_date() -> str:
    """Return the day of the data, as YYYY-MM-DD."""
    return str(_data()["date"])


@cache
def features() -> MappingProxyType[str, Feature]:
    """Return all features, by slug."""
    return MappingProxyType({one["slug"]: _feature(one) for one in _data()["features"]})


def _feature(given: dict[str, Any]) -> Feature:
    support = tuple(_support(name, result, given["notes"]) for name, result in given["tests"].items())
    return Feature(given["slug"], given["title"], given["category"], given["tested"] or "", support)


def _support(name: str, result: str, notes: dict[str, str]) -> ClientSupport:
    version, code, *_ = result.split()
    said = tuple(_LINK.sub(r"\1", notes[number]) for number in _NOTE.findall(result) if number in notes)
    return ClientSupport(_client(name), version, _SUPPORT[code], said)


@cache
def _client(name: str) -> MailClient:
    family, _, platform = name.partition(".")
    return MailClient(_data()["families"][family], _data()["platforms"].get(platform, platform))
