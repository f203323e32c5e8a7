"""Send a newsletter to 200 people over real SMTP, to a server that this program starts itself.

Nothing leaves the machine: the server listens on a free port of the loopback, and writes what arrives to ./out as .eml
files. Run it with `make demo`.
"""

import json
import shutil
import sys
import threading
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mailkit import Campaign, Mailer, Message, Report, Templates
from mailkit.bulk import Progress as Moment
from mailkit.net import Listener
from mailkit.smtp import Policy, Received, Reply

HERE = Path(__file__).parent
OUT = HERE / "out"


class Postbox(Policy):
    """A server's policy: take every message, and keep it as a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self.arrived: list[Received] = []

    def message(self, received: Received) -> Reply | None:
        with self._lock:
            self.arrived.append(received)
            number = len(self.arrived)
        (self._folder / f"{number:03}.eml").write_bytes(received.data)
        return None


def main() -> int:
    console = Console(highlight=False)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    postbox = Postbox(OUT)
    campaign = Campaign(
        template="newsletter.html",
        templates=Templates(HERE),
        recipients=HERE / "people.csv",
        from_="The Long Handle <letters@news.example.com>",
        context=json.loads((HERE / "content.json").read_text(encoding="utf-8")),
        journal=OUT / "journal.db",
        connections=2,
    )
    with Listener(postbox) as server, Mailer(f"smtp://{server.host}:{server.port}") as mailer:
        console.print(f"A mail server listens on [bold]{server.host}:{server.port}[/bold]; the letters go there.\n")
        report = send(campaign, mailer, console)
        again = campaign.send(mailer)
    show(report, again, postbox, console)
    return 0 if report.sent == len(postbox.arrived) and not again.sent_in_run else 1


def send(campaign: Campaign, mailer: Mailer, console: Console) -> Report:
    """Send with a progress bar."""
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("sending", total=None, rate="")

        def observe(moment: Moment) -> None:
            bar.update(task, completed=moment.done, total=moment.total, rate=f"{moment.rate:,.0f}/s")

        return campaign.send(mailer, progress=observe)


def show(report: Report, again: Report, postbox: Postbox, console: Console) -> None:
    """Print what happened."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("[green]sent[/green]", f"{report.sent}", f"in {report.seconds:.1f} s; {len(postbox.arrived)} arrived")
    for row in report.bad_rows:
        table.add_row("[yellow]left out[/yellow]", f"line {row.line}", f"{row.problem} ({row.kind})")
    table.add_row("sent again", f"{again.sent_in_run}", "the journal knows who has it")
    console.print(table)
    sizes = [len(received.data) for received in postbox.arrived]
    domains = Counter(received.recipients[0].rpartition("@")[2] for received in postbox.arrived)
    console.print(
        f"\n{len(domains)} domains, {sum(sizes) / len(sizes) / 1000:.0f} kB a letter: HTML with its CSS inlined, "
        "a text part, five pictures.",
        soft_wrap=True,
    )
    first = next(received for received in postbox.arrived if received.recipients[0].startswith("zoe@"))
    letter = Message.parse(first.data)
    page = OUT / "first.html"
    page.write_text(with_pictures(letter), encoding="utf-8")
    shown = (letter.text or "").partition("Dear")
    words = (shown[1] + shown[2])[:420].rpartition(" ")[0]
    console.print(
        Panel(
            f"To: {letter.to[0]}\nSubject: {letter.subject}\n\n{words} …", title="the first letter", title_align="left"
        )
    )
    console.print(
        "What next\n"
        f"  open {relative(page)} in a browser, or any of {relative(OUT)}/*.eml in a mail program\n"
        "  change newsletter.html, content.json or people.csv in examples/newsletter, and run make demo again\n"
        "  send it yourself: .venv/bin/mailkit batch examples/newsletter/newsletter.html examples/newsletter/people.csv \\\n"
        "    --context examples/newsletter/content.json --from letters@news.example.com --dry-run",
        soft_wrap=True,
    )


def with_pictures(letter: Message) -> str:
    """The HTML with its embedded pictures as data: URLs, so that a browser shows it as a mail program would."""
    from base64 import b64encode

    html = letter.html or ""
    for picture in letter.embedded:
        html = html.replace(f"cid:{picture.cid}", f"data:{picture.type};base64,{b64encode(picture.data).decode()}")
    return html


def relative(path: Path) -> Path:
    """The path as one would type it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
