"""Check HTML: which features a mail uses that mail clients do not have, where it uses them, and what to do instead."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mailkit.check.advice import ADVICE, GRACEFUL
from mailkit.check.client import ClientSupport, Feature, MailClient, Support, data_date, features
from mailkit.check.features import slugs_by_mark
from mailkit.check.finding import Severity
from mailkit.check.markup import MOST_READ
from mailkit.check.usage import usage

__all__ = ["ClientScore", "HtmlFinding", "HtmlReport", "check_html"]

_MANY = 0.15  # of the clients do not have a feature: many readers will see the mail without it
_MOST_LINES = 100


@dataclass(frozen=True, slots=True)
class HtmlFinding:
    """A feature that is used, and is not in each client as it should be. ``count`` says how often it is used."""

    feature: Feature
    lines: tuple[int, ...]
    """Where it is used, at most a hundred lines of them."""
    count: int

    @property
    def slug(self) -> str:
        return self.feature.slug

    @property
    def title(self) -> str:
        return self.feature.title

    @property
    def category(self) -> str:
        return self.feature.category

    @property
    def url(self) -> str:
        return self.feature.url

    @property
    def hint(self) -> str:
        """What to do instead, or nothing."""
        return ADVICE.get(self.slug, "")

    @property
    def clients(self) -> tuple[ClientSupport, ...]:
        """All clients in which the feature was tested, the newest version of each."""
        return self.feature.support

    def having(self, support: Support) -> tuple[ClientSupport, ...]:
        return tuple(one for one in self.clients if one.support is support)

    @property
    def unsupported(self) -> float:
        """The share of the clients that do not have it, 0 to 1, of those that are known."""
        known = sum(one.support is not Support.UNKNOWN for one in self.clients)
        return len(self.having(Support.NO)) / known if known else 0.0

    @property
    def severity(self) -> Severity:
        """A warning when 15 % of the clients or more do not have it and their readers see that, else a note."""
        is_missed = self.unsupported >= _MANY and self.slug not in GRACEFUL
        return Severity.WARNING if is_missed else Severity.NOTE

    def facts(self) -> dict[str, object]:
        """Return it as plain values, ready for JSON, with the clients that have it in part or not."""
        return {
            "slug": self.slug,
            "title": self.title,
            "category": self.category,
            "url": self.url,
            "severity": str(self.severity),
            "hint": self.hint,
            "count": self.count,
            "lines": list(self.lines),
            "tested": self.feature.tested,
            "yes": len(self.having(Support.YES)),
            "unknown": len(self.having(Support.UNKNOWN)),
            "clients": [
                {
                    "family": one.client.family,
                    "platform": one.client.platform,
                    "version": one.version,
                    "support": str(one.support),
                    "notes": list(one.notes),
                }
                for one in (*self.having(Support.NO), *self.having(Support.PARTIAL))
            ],
        }


@dataclass(frozen=True, slots=True)
class ClientScore:
    """How one client copes: the slugs of the features that it does not have, and of those that it has in part."""

    client: MailClient
    unsupported: tuple[str, ...]
    partial: tuple[str, ...]

    def facts(self) -> dict[str, object]:
        """Return it as plain values, ready for JSON."""
        return {
            "family": self.client.family,
            "platform": self.client.platform,
            "unsupported": list(self.unsupported),
            "partial": list(self.partial),
        }


@dataclass(frozen=True)
class HtmlReport:
    """What :func:`check_html` found, what matters most first."""

    findings: tuple[HtmlFinding, ...]
    features: tuple[str, ...]
    """The slugs of all features that are used, those that every client has among them."""
    data_date: str
    """The day of the data, as YYYY-MM-DD."""
    is_cut: bool = False
    """Whether there is more HTML than was looked at: a million characters of it."""

    @cached_property
    def _shares(self) -> Counter[Support]:
        known = features()
        return Counter(one.support for slug in self.features for one in known[slug].support)

    def _percent(self, support: Support) -> float:
        total = sum(self._shares.values()) - self._shares[Support.UNKNOWN]
        return round(100 * self._shares[support] / total, 1) if total else (100.0 if support is Support.YES else 0.0)

    @property
    def supported(self) -> float:
        """How many percent of the answers are yes, when each client is asked for each feature that is used."""
        return self._percent(Support.YES)

    @property
    def partial(self) -> float:
        return self._percent(Support.PARTIAL)

    @property
    def unsupported(self) -> float:
        return self._percent(Support.NO)

    @cached_property
    def clients(self) -> tuple[ClientScore, ...]:
        """All clients, those first that lack most."""
        lacking: dict[MailClient, tuple[list[str], list[str]]] = {}
        for finding in self.findings:
            for one in finding.clients:
                no, partial = lacking.setdefault(one.client, ([], []))
                if one.support is Support.NO:
                    no.append(finding.slug)
                elif one.support is Support.PARTIAL:
                    partial.append(finding.slug)
        scores = [ClientScore(client, tuple(no), tuple(partial)) for client, (no, partial) in lacking.items()]
        return tuple(sorted(scores, key=lambda one: (-len(one.unsupported), -len(one.partial), one.client)))

    def facts(self) -> dict[str, object]:
        """Return it as plain values, ready for JSON."""
        return {
            "supported": self.supported,
            "partial": self.partial,
            "unsupported": self.unsupported,
            "features": len(self.features),
            "data_date": self.data_date,
            "is_cut": self.is_cut,
            "findings": [one.facts() for one in self.findings],
            "clients": [one.facts() for one in self.clients],
        }


def check_html(html: str) -> HtmlReport:
    """Tell which features ``html`` uses that mail clients do not have, by the data of Can I email.

    Every feature of the data is looked for by the tokens of HTML and CSS. The newest tested version of each client counts.
    Nothing is fetched. Of more than a million characters only the beginning is looked at; ``is_cut`` tells so.
    Raises ConfigError when there is CSS in it and tinycss2 is not installed (extra ``check``).

    >>> report = check_html('<p style="display: flex">Hi</p>')
    >>> [(finding.slug, finding.lines) for finding in report.findings]
    [('css-display-flex', (1,)), ('css-display', (1,))]
    """
    return _report(usage(html[:MOST_READ]), is_cut=len(html) > MOST_READ)


def _report(marks: Iterable[tuple[str, int]], *, is_cut: bool) -> HtmlReport:
    by_mark = slugs_by_mark()
    counts: Counter[str] = Counter()
    lines: dict[str, dict[int, None]] = {}
    for mark, line in marks:
        for slug in by_mark.get(mark, ()):
            counts[slug] += 1
            found = lines.setdefault(slug, {})
            if len(found) < _MOST_LINES:
                found[line] = None
    known = features()
    findings = [HtmlFinding(known[slug], tuple(sorted(lines[slug])), count) for slug, count in counts.items()]
    bad = [one for one in findings if one.having(Support.NO) or one.having(Support.PARTIAL)]
    bad.sort(
        key=lambda one: (one.severity is Severity.NOTE, -one.unsupported, -len(one.having(Support.PARTIAL)), one.slug)
    )
    return HtmlReport(tuple(bad), tuple(sorted(counts)), data_date(), is_cut)
