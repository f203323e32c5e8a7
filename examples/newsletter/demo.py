"""Send a newsletter to 200 people over real SMTP, into an inbox on this machine, and show what arrived.

Nothing leaves the machine: the inbox listens on free ports of the loopback. Run it with `make demo`; on a terminal it leaves the
inbox open in the browser until Ctrl-C.
"""

import contextlib
import json
import os
import shutil
import sys
import time
import webbrowser
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mailkit import Campaign, Mailer, Report, Templates
from mailkit.bulk import Progress as Moment
from mailkit.inbox import Caught, Inbox, Site

HERE = Path(__file__).parent
OUT = HERE / "out"


def main() -> int:
    console = Console(highlight=False)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    campaign = Campaign(
        template="newsletter.html",
        templates=Templates(HERE),
        recipients=HERE / "people.csv",
        from_="The Long Handle <letters@news.example.com>",
        context=json.loads((HERE / "content.json").read_text(encoding="utf-8")),
        journal=OUT / "journal.db",
        connections=2,
    )
    with Inbox() as inbox, Site(inbox) as site, Mailer(inbox.url) as mailer:
        console.print(f"An inbox listens on [bold]{inbox.host}:{inbox.port}[/bold]; the letters go there.\n")
        report = send(campaign, mailer, console)
        again = campaign.send(mailer)
        arrived = inbox.messages
        show(report, again, arrived, console)
        if console.is_terminal:
            linger(site, console)
    return 0 if report.sent == len(arrived) and not again.sent_in_run else 1


def send(campaign: Campaign, mailer: Mailer, console: Console) -> Report:
    """Send with a progress bar."""
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("sending", total=None, rate="")

        def observe(moment: Moment) -> None:
            bar.update(task, completed=moment.done, total=moment.total, rate=f"{moment.rate:,.0f}/s")

        return campaign.send(mailer, progress=observe)


def show(report: Report, again: Report, arrived: list[Caught], console: Console) -> None:
    """Print what happened."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("[green]sent[/green]", f"{report.sent}", f"in {report.seconds:.1f} s; {len(arrived)} arrived")
    for row in report.bad_rows:
        table.add_row("[yellow]left out[/yellow]", f"line {row.line}", f"{row.problem} ({row.kind})")
    table.add_row("sent again", f"{again.sent_in_run}", "the journal knows who has it")
    console.print(table)
    domains = Counter(letter.recipients[0].rpartition("@")[2] for letter in arrived)
    size = sum(len(letter.raw) for letter in arrived) / len(arrived) / 1000
    console.print(
        f"\n{len(domains)} domains, {size:.0f} kB a letter: HTML with its CSS inlined, a text part, five pictures.",
        soft_wrap=True,
    )
    letter = next(letter for letter in arrived if letter.recipients[0].startswith("zoe@"))
    shown = letter.text.partition("Dear")
    words = (shown[1] + shown[2])[:420].rpartition(" ")[0]
    about = f"To: {letter.to[0]}\nSubject: {letter.subject}\n\n{words} …"
    console.print(Panel(about, title="the first letter", title_align="left"))
    console.print(
        "What next\n"
        "  change newsletter.html, content.json or people.csv in examples/newsletter, and run make demo again\n"
        "  send it yourself: .venv/bin/mailkit batch examples/newsletter/newsletter.html examples/newsletter/people.csv \\\n"
        "    --context examples/newsletter/content.json --from letters@news.example.com --dry-run",
        soft_wrap=True,
    )


def linger(site: Site, console: Console) -> None:
    """Keep the inbox open until Ctrl-C, in the browser where there is one with windows."""
    console.print(f"\nThe inbox is open at [bold cyan]{site.url}[/bold cyan] until Ctrl-C.")
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(site.url)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3_600)  # a wait without an end cannot be interrupted on every system


if __name__ == "__main__":
    sys.exit(main())
