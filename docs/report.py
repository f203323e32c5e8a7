"""Takes the two pictures of a campaign's report, of a campaign that is made up (``python docs/report.py``; needs Chromium).

Given a folder, it leaves the journal and the page there too.
"""

import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from screenshots import ROOT, Browser, frame

from mailkit import clock
from mailkit.bulk import Entry, InDoubt, Journal, Result, State, publish
from mailkit.bulk.journal import Worker
from mailkit.testing import FrozenClock

RECIPIENTS = 5_200
BEGAN = datetime(2026, 11, 24, 9, 0, 4, tzinfo=UTC)
DOMAINS = (
    *("gmail.com",) * 34,
    *("outlook.com", "hotmail.com", "live.com") * 5,
    *("gmx.de", "web.de") * 5,
    *("yahoo.com", "aol.com") * 3,
    *("icloud.com",) * 5,
    *("t-online.de",) * 4,
    *("proton.me", "orange.fr", "libero.it", "bäckerei-möller.de", "example.org", "uni-tübingen.de", "posteo.de"),
    *("lopado-temacho-selacho-galeo-kranio-leipsano-drim-hypo-trimmato.example",),
)
FIRST = ("ada", "zoë", "grace", "linus", "mary", "björn", "noor", "jürgen", "yael", "tomasz", "ana-maría", "o.byrne")
LAST = ("lovelace", "okafor", "hopper", "nguyễn", "shelley", "karlsson", "haddad", "levi", "nowak", "silva", "weiß")

# (of a thousand, the end of the domain or "" for all, what became of them)
FATES: tuple[tuple[int, str, Result], ...] = (
    (14, "", Result("", State.FAILED, 550, "5.1.1", "The email account that you tried to reach does not exist. Try double-checking the address for typos or unnecessary spaces.")),
    (5, "web.de", Result("", State.FAILED, 552, "5.2.2", "Postfach ist voll / mailbox full: Quota exceeded for user")),
    (22, "outlook.com", Result("", State.FAILED, 550, "5.7.1", "Unfortunately, messages from [192.0.2.25] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).")),
    (45, "yahoo.com", Result("", State.DEFERRED, 421, "4.7.0", "[TSS04] Messages from 192.0.2.25 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1")),
    (60, "t-online.de", Result("", State.DEFERRED, 451, "4.7.1", "Greylisted, please try again in 600 seconds")),
    (90, "example.org", Result("", State.FAILED, 550, "5.1.1", "תיבת הדואר לא קיימת — لا يوجد صندوق بريد بهذا الاسم")),
    (3, "", Result("", State.SUPPRESSED, text="unsubscribed on 2026-10-02")),
    (2, "", Result("", State.SKIPPED, text="newsletter.html, line 14: 'first_name' is missing. Did you mean 'First name'?")),
    (1, "", Result("", State.IN_DOUBT, text="the connection was lost after the end of the message: Connection reset by peer")),
    (120, ".example", Result("", State.FAILED, 554, "5.4.4", "Host or domain name not found. Name service error for name=lopado-temacho-selacho-galeo-kranio-leipsano-drim-hypo-trimmato.example type=AAAA: Host not found")),
)  # fmt: skip

PHONE = """<!doctype html><style>
body { height: 100vh; padding: 24px 62px; box-sizing: border-box; background: #c9cfcc; overflow: hidden }
iframe { height: 1352px !important; border-radius: 28px; box-shadow: 0 2px 16px #0004 }
</style>"""


def people() -> Iterator[Entry]:
    for number in range(RECIPIENTS):
        name = f"{FIRST[number % len(FIRST)]}.{LAST[number // 7 % len(LAST)]}"
        domain = DOMAINS[number * 37 % len(DOMAINS)]
        yield Entry(f"{name}{number // 5 or ''}@{domain}", number + 2 + number // 900, {})


def fate(entry: Entry, chance: float) -> Result:
    for share, domain, result in FATES:
        if entry.key.endswith(domain):
            chance -= share
            if chance < 0:
                return result
    return Result("", State.SENT, 250, "2.0.0", "OK, queued", "mx1.relay.example.net:587", f"4Q{entry.id:07X}")


def make(path: Path, name: str) -> Journal:
    """Send a campaign that goes fast, is slowed down by a provider, stands still for a while, and ends with stragglers."""
    frozen = FrozenClock(BEGAN)
    with clock.using(frozen):
        journal = Journal(path, name=name)
        journal.roll.begin()
        journal.roll.add(people())
        journal.roll.note_bad_rows(
            [
                (902, "invalid", "no address: the cell 'email' is empty"),
                (1804, "invalid", "'ada@@example.com' is no address: it has two @ signs"),
                (2706, "duplicate", "zoë.okafor17@gmail.com is in line 89 already"),
                (3608, "invalid", "7 cells, but 4 columns"),
            ]
        )
        journal.roll.finish(source="people.csv", fingerprint="1")
        with journal.store.writing() as db:
            worker = Worker.enter(db, journal.campaign, clock.now().timestamp(), policy=InDoubt.HOLD)
        while True:
            minute = frozen.seconds / 60
            pace = 1.5 if 11 < minute < 17 else 0.0 if 22 < minute < 25 else 4 + 2 * clock.uniform(0, 1)
            with journal.store.writing() as db:
                now = clock.now().timestamp()
                found = worker.find(db, now, round(pace * 5))
                worker.claim(db, found, now)
            if not found and pace:
                break
            frozen.advance(5)
            results = [(entry, fate(entry, clock.uniform(0, 1_000))) for entry in found]
            with journal.store.writing() as db:
                now = clock.now().timestamp()
                worker.mark(db, [(entry, f"<{entry.id}@example.net>") for entry in found], now)
                worker.settle(db, [(entry, _settled(entry, result, now)) for entry, result in results], now)
        with journal.store.writing() as db:
            worker.leave(db, clock.now().timestamp())
    return journal


def _settled(entry: Entry, result: Result, now: float) -> Result:
    later = now + 3_600 if result.state is State.DEFERRED else 0.0
    facts = (result.state, result.code, result.enhanced, result.text, result.relay, result.queue_id)
    return Result(entry.key, *facts, message_id=f"<{entry.id}@example.net>", attempts=1, next_attempt_at=later)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch)
        (folder / "spring.db").unlink(missing_ok=True)
        page = folder / "report.html"
        with make(folder / "spring.db", "Autumn letter 2026") as journal:
            publish(journal, page)
        phone = folder / "phone.html"
        # A browser's own window cannot be as narrow as a phone: the page stands in the middle of one.
        phone.write_text(PHONE + frame(page.read_text(encoding="utf-8"), 375), encoding="utf-8")
        browser = Browser(folder)
        for shown, name, width, height in ((page, "report", 1200, 1500), (phone, "report-phone", 500, 1400)):
            picture = ROOT / "docs" / f"{name}.png"
            browser.shoot(shown, picture, width=width, height=height)
            sys.stdout.write(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} KB\n")


if __name__ == "__main__":
    main()
