"""A template rendered with data: a message to look at, or what is wrong."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mailkit.check import Finding, HtmlReport, Severity, Where, check_html, lint
from mailkit.inbox.detail import contents
from mailkit.message import Message
from mailkit.preview.problem import Problem
from mailkit.template.origin import Origin, Origins

__all__ = ["LocatedFinding", "Preview"]

_FOR_INLINER = re.compile(r"""\sdata-premailer=["'][^"']*["']""")  # which takes it out
_MOST_ORIGINS = 20
_OF_SHEETS = ("css-selector", "css-pseudo", "css-at", "css-comments", "css-important", "html-style")
_MOST_NOTES = 4  # lines at which one feature is noted; a layout that uses it everywhere says no more


@dataclass(frozen=True, slots=True)
class LocatedFinding:
    """A finding, and the lines of the template's files that it is about."""

    finding: Finding
    origins: tuple[Origin, ...] = ()

    def facts(self) -> dict[str, object]:
        """Return it as plain values, ready for JSON."""
        return {**self.finding.facts(), "origins": _places(self.origins)}


@dataclass(frozen=True)
class Preview:
    """What a template renders to with some data. There is a message, or a problem."""

    template: str
    locale: str
    data: str
    """The JSON that it was rendered with."""
    message: Message | None = None
    problem: Problem | None = None
    raw: bytes = b""
    stand_ins: tuple[str, ...] = ()
    """The fields that the template does not say, and a message cannot do without."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The files that it is made of by name, the template itself first."""
    heads: Mapping[str, Origin] = field(default_factory=dict)
    """Where the header fields are from, by their names in lower case."""
    origins: Origins = field(default_factory=Origins)
    draft: Message | None = None
    """The message with its HTML as it was before its CSS was inlined: findings in it are at the template's lines."""

    @property
    def html(self) -> str:
        return (self.message.html if self.message else None) or ""

    @cached_property
    def digest(self) -> str:
        """What is the same for two previews that look the same: all but the time and the id that every message has."""
        told = contents(self.message) if self.message else {}
        told.pop("message_id", None)
        headers = [one for one in told.pop("headers", ()) if one[0] not in ("Date", "Message-ID")]  # type: ignore[attr-defined]
        seen = repr((self.template, self.locale, told, headers, self.html, self.problem, dict(self.files)))
        return hashlib.sha256(seen.encode("utf-8", "replace")).hexdigest()[:24]

    @cached_property
    def findings(self) -> tuple[LocatedFinding, ...]:
        """What readers stumble over and filters count, with the template's lines where they are known."""
        if self.message is None:
            return ()
        known: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
        for one in lint(self.draft) if self.draft else ():
            if one.where is Where.HTML:
                known[one.rule, one.title, one.detail].append(one.line)
        counts: Counter[tuple[str, str, str]] = Counter()
        found = []
        for one in lint(self.message):
            key = (one.rule, one.title, one.detail)
            lines = known[key][counts[key] : counts[key] + 1] if one.where is Where.HTML else []
            counts[key] += 1
            origins = tuple(self._of(lines)) or self._by_words(one)
            found.append(LocatedFinding(one, origins))
        return tuple(found)

    @cached_property
    def html_report(self) -> HtmlReport:
        """Which features of the HTML clients do not have. Raises ConfigError without tinycss2."""
        return check_html(self.html)

    @cached_property
    def html_origins(self) -> Mapping[str, tuple[Origin, ...]]:
        """By the slug of a feature, the template's lines that use it: those of its style sheets, not what was inlined."""
        seen = {one.slug: one.lines for one in self.html_report.findings}
        made = self.html.split("\n")
        draft = self.origins.html.split("\n")
        found = {}
        for one in check_html(self.origins.html).findings:
            lines = one.lines
            if one.slug.startswith(_OF_SHEETS):
                # Rules that were inlined are gone, and their selectors with them: what is left stands as it was written.
                left = {_pair(made, line) for line in seen.get(one.slug, ())}
                lines = tuple(line for line in lines if _pair(draft, line) in left) or lines
            found[one.slug] = tuple(self._of(lines))[:_MOST_ORIGINS]
        return found

    def html_facts(self) -> dict[str, object]:
        """Return the report on the HTML for JSON, each finding with its origins."""
        facts = self.html_report.facts()
        findings = [
            {**one.facts(), "origins": _places(self.html_origins.get(one.slug, ()))}
            for one in self.html_report.findings
        ]
        return {**facts, "findings": findings}

    def notes(self) -> Iterator[dict[str, object]]:
        """Go through what is to be written at lines of the template: findings, and HTML that many clients do not have."""
        for one in self.findings:
            for place in one.origins[:1]:
                yield _note(
                    place, one.finding.severity, one.finding.title, one.finding.detail, one.finding.hint, "spam"
                )
        for feature in self.html_report.findings if self.message else ():
            if feature.severity is Severity.WARNING:
                share = f"{round(100 * feature.unsupported)}% of the clients do not have it."
                for place in self.html_origins.get(feature.slug, ())[:_MOST_NOTES]:
                    yield _note(place, feature.severity, feature.title, share, feature.hint, "check")

    def facts(self) -> dict[str, object]:
        """Return it for JSON; the HTML, the source and the checks are asked for on their own."""
        return {
            "template": self.template,
            "locale": self.locale,
            "data": self.data,
            "digest": self.digest,
            "problem": self.problem.facts() if self.problem else None,
            "stand_ins": list(self.stand_ins),
            "file": next(iter(self.files), ""),
            "size": len(self.raw),
            **(contents(self.message) if self.message else {}),
        }

    def _of(self, lines: Iterable[int]) -> Iterator[Origin]:
        found = dict.fromkeys(self.origins.of(line) for line in lines)
        return (origin for origin in found if origin.line)

    def _by_words(self, finding: Finding) -> tuple[Origin, ...]:
        """Where a finding's own words stand: in a header of the template, or in one line of it and no other."""
        if finding.where is Where.HEADERS and self.message:
            for name, origin in self.heads.items():
                said = ", ".join(self.message.headers.get_all(name))
                if finding.detail and finding.detail in said:
                    return (origin,)
        elif len(finding.detail) > 3:
            lines = [
                Origin(name, number)
                for name, text in self.files.items()
                for number, line in enumerate(text.split("\n"), start=1)
                if finding.detail in line
            ]
            if len(lines) == 1:
                return tuple(lines)
        return ()


def _pair(lines: list[str], number: int) -> str:
    """A line and the next without their white space: enough to know it again, where it is of a style sheet."""
    text = "".join(lines[number - 1 : number + 1])
    return "".join(_FOR_INLINER.sub("", text[max(0, text.rfind("<style")) :]).split())


def _places(origins: Iterable[Origin]) -> list[dict[str, object]]:
    return [{"file": one.name, "line": one.line} for one in origins]


def _note(place: Origin, severity: Severity, title: str, detail: str, hint: str, tab: str) -> dict[str, object]:
    return {
        "file": place.name,
        "line": place.line,
        "severity": str(severity),
        "title": title,
        "detail": detail,
        "hint": hint,
        "tab": tab,
    }
