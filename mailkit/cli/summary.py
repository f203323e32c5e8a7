"""The report of a campaign, for a person at a terminal."""

from pathlib import Path

from mailkit.bulk import Report
from mailkit.cli.output import line, notes

__all__ = ["many", "show"]

_SHOWN = 20


def show(report: Report, *, journal: Path | None) -> None:
    """Print a report for a person."""
    if report.sample:
        head, _, body = report.sample.partition("\n\n")
        notes.print(line(("The first message\n", "bold"), (head, "cyan"), "\n\n", body[:600].rstrip(), "\n"))
    for row in report.bad_rows[:_SHOWN]:
        notes.print(line((f"line {row.line}: ", "yellow"), f"{row.problem} ({row.kind})"))
    for number, result in report.problems[:_SHOWN]:
        said = " ".join(part for part in (str(result.code or ""), result.enhanced, result.text) if part)
        notes.print(line((f"line {number}: ", "red"), f"{result.key} {result.state}: {said}"))
    hidden = len(report.bad_rows[_SHOWN:]) + len(report.problems[_SHOWN:])
    if hidden:
        notes.print(f"… and {hidden:,} more; --json has them.")
    for path in report.samples:
        notes.print(line(("sample: ", "cyan"), path))
    if report.is_dry_run:
        notes.print(line(("Dry run: ", "bold"), f"{many(report.ready, 'message')} ready to send; nothing was sent."))
    else:
        pace = (
            f" in {report.seconds:.1f} s ({report.sent_in_run / report.seconds:,.0f}/s)" if report.seconds > 0 else ""
        )
        if report.paused:
            notes.print(
                line(("Paused: ", "yellow"), f"{report.paused}. mailkit journal resume {journal or 'JOURNAL'} goes on.")
            )
        if report.is_interrupted:
            notes.print(line(("Interrupted; ", "yellow"), "the messages that were under way have been finished."))
        notes.print(line((f"{report.sent_in_run:,} sent", "bold green"), pace))
    if done := report.skeletons.hits + report.skeletons.skeletons + report.skeletons.fallbacks:
        told = f"CSS inlined {many(report.skeletons.skeletons + report.skeletons.fallbacks, 'time')} for {many(done, 'message')}"
        notes.print(
            f"{told}." if not report.skeletons.fallbacks else f"{told}; mailkit render --explain says why so often."
        )
    facts = [
        (report.sent, "have the message in all") if report.sent != report.sent_in_run else (0, ""),
        (report.deferred, "deferred; send again later"),
        (report.failed, "failed"),
        (report.suppressed, "suppressed: never written to"),
        (report.in_doubt, "in doubt: may have it or not, and are not sent to again"),
        (report.invalid, "bad rows"),
        (report.duplicates, "duplicates left out"),
        (0 if report.is_dry_run else report.pending, "not yet sent to"),
    ]
    for count, what in facts:
        if count:
            notes.print(f"{count:>7,} {what}")
    if (report.pending or report.deferred) and not report.is_dry_run:
        notes.print(
            "The same command goes on with the rest."
            if journal
            else "With --journal FILE the next run would know who has it."
        )


def many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
