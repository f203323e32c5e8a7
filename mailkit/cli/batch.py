"""``mailkit batch``: a campaign."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mailkit.bulk import RETRY, Campaign, InDoubt, Recipients, Unsubscribe
from mailkit.cli import data, options
from mailkit.cli.bar import Bar
from mailkit.cli.output import line, notes, print_json
from mailkit.cli.summary import many, show
from mailkit.delivery import Mailer, Rate
from mailkit.errors import ConfigError

__all__ = ["batch"]


def batch(
    template: Annotated[
        str, typer.Argument(metavar="TEMPLATE", help="The template: a path, or a name in --templates.")
    ],
    recipients: Annotated[
        str,
        typer.Argument(
            metavar="RECIPIENTS",
            help="CSV, TSV, JSON, JSON Lines, .xlsx, - or a database's URL; columns are the variables.",
        ),
    ],
    *,
    sender: options.Sender = "",
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="TEMPLATE",
            help="The address: '{{ first }} <{{ email }}>'. Default: column to, or email and name.",
        ),
    ] = "",
    via: options.Via = "",
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", envvar="MAILKIT_JOURNAL", metavar="FILE", help="Remember who has it; the same command resumes."
        ),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Tells campaigns in one journal apart.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="Send to N recipients in this run; 0 means all.")
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compose everything, send nothing, say what would fail.")
    ] = False,
    connections: Annotated[
        int,
        typer.Option(
            "--connections",
            envvar="MAILKIT_CONNECTIONS",
            min=1,
            max=100,
            metavar="N",
            help="Messages on their way at once.",
        ),
    ] = 1,
    processes: Annotated[
        int,
        typer.Option("--processes", min=1, max=64, metavar="N", help="Processes that share the work and the journal."),
    ] = 1,
    rate: options.Rate = "",
    domain_rate: Annotated[
        list[str] | None,
        typer.Option(
            "--domain-rate", metavar="[DOMAIN=]RATE", help="For each provider, or one: gmail.com=5/s. Repeatable."
        ),
    ] = None,
    attempts: Annotated[
        int,
        typer.Option(
            "--attempts",
            envvar="MAILKIT_ATTEMPTS",
            min=1,
            metavar="N",
            help="How often a recipient who is put off is tried.",
        ),
    ] = 50,
    expire: Annotated[
        float, typer.Option("--expire", min=0, metavar="HOURS", help="After so long who was put off is given up.")
    ] = 48.0,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait", min=0, metavar="SECONDS", help="Wait so long for those who were put off; 30 by default."
        ),
    ] = None,
    in_doubt: Annotated[
        InDoubt, typer.Option("--in-doubt", help="What becomes of those of whom nobody can know whether they have it.")
    ] = InDoubt.HOLD,
    between: Annotated[
        str, typer.Option("--between", metavar="HH:MM-HH:MM", help="The time of day in which messages go.")
    ] = "",
    timezone: Annotated[str, typer.Option("--timezone", metavar="NAME", help="Where that holds: Europe/Berlin.")] = "",
    daily_quota: Annotated[
        int, typer.Option("--daily-quota", min=0, metavar="N", help="At most N messages a day; 0 is no limit.")
    ] = 0,
    warm_up: Annotated[
        str, typer.Option("--warm-up", metavar="N[xGROWTH]", help="N on the first day, then more: 200x1.5.")
    ] = "",
    max_refused: Annotated[
        str,
        typer.Option(
            "--max-refused", metavar="N|N%", help="Pause when more are refused: 100, or 5% of the last 1,000."
        ),
    ] = "",
    suppressions: Annotated[
        Path | None,
        typer.Option("--suppressions", envvar="MAILKIT_SUPPRESSIONS", metavar="FILE", help="Who is never written to."),
    ] = None,
    return_path: Annotated[
        str, typer.Option("--return-path", metavar="ADDRESS", help="Where bounces go: bounces+{token}@example.com.")
    ] = "",
    unsubscribe: Annotated[
        str,
        typer.Option(
            "--unsubscribe", metavar="URL", help="Where recipients leave with one click; each has a link of their own."
        ),
    ] = "",
    unsubscribe_mail: Annotated[
        str, typer.Option("--unsubscribe-mail", metavar="ADDRESS", help="The same by mail: leave+{token}@example.com.")
    ] = "",
    title: Annotated[
        str, typer.Option("--title", metavar="TEXT", help="What the page to unsubscribe calls the list.")
    ] = "",
    report_file: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Write what became of everybody: .html, .csv, .json or .jsonl."),
    ] = None,
    attachments: Annotated[
        Path | None,
        typer.Option("--attachments", metavar="DIR", help="Where attached files are. Default: beside the list."),
    ] = None,
    preflight: Annotated[
        bool, typer.Option("--preflight/--no-preflight", help="Make every message once before the first is sent.")
    ] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Send nothing when the pre-flight finds a bad row.")] = False,
    sample: Annotated[
        int, typer.Option("--sample", min=0, metavar="N", help="With --dry-run: write N messages to ./samples.")
    ] = 0,
    templates: options.TemplateFolder = "",
    context: options.ContextFile = None,
    assignments: options.Set = None,
    locale: options.Locale = "",
    translations: options.Translations = "",
    inliner: options.InlinerName = "premailer",
    form: Annotated[
        str,
        typer.Option(
            "--format", metavar="NAME", help="Of the list: csv, tsv, json, jsonl, xlsx. Default: by its name."
        ),
    ] = "",
    sheet: Annotated[str, typer.Option("--sheet", metavar="NAME", help="Of a workbook.")] = "",
    query: Annotated[str, typer.Option("--query", metavar="SQL", help="What to ask the database for.")] = "",
    encoding: Annotated[str, typer.Option("--encoding", help="Of a CSV file without byte order mark.")] = "utf-8",
    delimiter: Annotated[
        str, typer.Option("--delimiter", help="Of the CSV file. Default: found in its first line.")
    ] = "",
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Go on although the list has changed; nobody gets it twice.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before sending.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Send a template to everyone on a list, each once.

    With --journal the run can be stopped (Ctrl-C) at any time, and the same command goes on where it ended.

    [bold]Examples[/bold]

    mailkit batch newsletter.html people.csv --from ada@example.com --dry-run

    mailkit batch newsletter.html people.csv --from ada@example.com --via smtp://… --journal spring.db --rate 50/s

    mailkit batch invite.html guests.csv --to '{{ first }} {{ last }} <{{ address }}>' --via console: --limit 1

    Exit codes: 0 all well; 1 some mail not delivered, or a bad row; 2 wrong usage or configuration; 3 some in doubt.
    """
    if not via and not dry_run:
        raise ConfigError(
            "no transport is given", hint="Add --via smtp://user:password@host:587, set MAILKIT_URL, or try --dry-run."
        )
    found, template_name = data.locate(template, templates, translations=translations, inliner=inliner)
    campaign = Campaign(
        template=template_name,
        templates=found,
        recipients=Recipients(
            recipients, format=form, encoding=encoding, delimiter=delimiter, sheet=sheet, query=query
        ),
        from_=sender or None,
        to=to,
        journal=journal,
        name=name,
        context={**({"locale": locale} if locale else {}), **data.read_context(context, assignments or [])},
        limit=limit,
        connections=connections,
        processes=processes,
        accept_changes=accept_changes,
        preflight=preflight,
        strict=strict,
        in_doubt=in_doubt,
        retry=replace(RETRY, attempts=attempts, deadline=expire * 3_600),
        wait=wait,
        rate=rate or None,
        domain_rate=_by_domain(domain_rate or []) or None,
        between=between,
        timezone=timezone,
        daily_quota=daily_quota,
        warm_up=warm_up,
        max_refused=max_refused,
        suppressions=suppressions,
        return_path=return_path,
        unsubscribe=Unsubscribe(unsubscribe, unsubscribe_mail, title) if unsubscribe or unsubscribe_mail else None,
        attachment_root=attachments,
        report=report_file,
    )
    if title and not unsubscribe:
        raise ConfigError("--title is what a page to unsubscribe calls the list", hint="Add --unsubscribe URL.")
    if report_file and dry_run:
        raise ConfigError("--report tells what became of those who were sent to", hint="Leave out --dry-run.")
    if sample and not dry_run:
        raise ConfigError("--sample writes messages of a dry run", hint="Add --dry-run.")
    if dry_run:
        with Bar() as bar:
            report = campaign.check(samples="samples" if sample else None, count=sample, progress=bar.observe)
    else:
        with Mailer(via) as mailer:
            if not yes and not as_json and sys.stdin.isatty() and notes.is_terminal:
                _ask(campaign, mailer.transport.name, rate)
            with Bar() as bar:
                report = campaign.send(mailer, progress=bar.observe)
    if as_json:
        print_json(report.as_dict())
    else:
        show(report, journal=journal)
        if report.unpublished:
            again = f" mailkit journal report {journal} --output FILE makes it anew." if journal else ""
            notes.print(line(("error: ", "red"), report.unpublished + again))
        elif report_file and not dry_run:
            notes.print(line(("report: ", "cyan"), str(report_file)))
    raise typer.Exit(report.exit_code)


def _by_domain(given: list[str]) -> dict[str, Rate]:
    """Read "gmail.com=5/s", and "20/s" for every other one."""
    found: dict[str, Rate] = {}
    for one in given:
        name, _, rate = one.rpartition("=")
        found[name or "*"] = rate
    return found


def _ask(campaign: Campaign, transport: str, rate: str) -> None:
    """Show what is about to happen, with the first message, and ask."""
    with Bar() as bar:
        plan = replace(campaign, limit=1).check(progress=bar.observe)
    count = min(plan.pending, campaign.limit) if campaign.limit else plan.pending
    notes.print(line(("About to send ", "bold"), f"{campaign.template} to {many(count, 'recipient')} via {transport}"))
    if plan.sent:
        notes.print(f"{many(plan.sent, 'recipient')} have it already and are left out.")
    if plan.invalid or plan.duplicates:
        notes.print(f"{many(plan.invalid, 'bad row')} and {many(plan.duplicates, 'duplicate')} are left out.")
    if rate:
        notes.print(f"At most {rate}.")
    if plan.sample:
        head, _, body = plan.sample.partition("\n\n")
        notes.print(line("\n", (head, "cyan"), "\n\n", body[:300].rstrip() + (" …" if len(body) > 300 else ""), "\n"))
    if not typer.confirm("Send?", err=True):
        notes.print("Nothing was sent.")
        raise typer.Exit(0)
