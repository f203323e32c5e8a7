"""An inbox with 100,000 messages: how long it takes to fill, to index, to list, to search, and until its page shows the first row.

Run by :mod:`benchmarks.inbox` in the environment of the tests, where uvicorn and Playwright are.
"""

import http.client
import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from mailkit import MessageBuilder
from mailkit.inbox import Inbox, Site
from mailkit.smtp import Received

COUNT = int(os.environ.get("BENCH_MAILS", "100_000"))
ROUNDS = 5
SEARCHES = (
    "invoice",
    "Zoë",
    "4711",
    "nowhere-to-be-found",
    "from:shop to:reader77@",
    'subject:"order 9999"',
    "body:kettle -body:lamp",
    "has:attachment",
    "is:unread larger:1k",
    "tag:welcome",
    "after:2026-01-02 before:2026-01-05",
    "invoice kettle Köln",
)
_SUBJECTS = ("Your invoice {}", "Your order {} is on its way", "Welcome, reader {}", "Reset your password ({})")
_THINGS = ("kettle", "lamp", "bicycle", "teapot", "bookshelf", "umbrella", "carpet")
_TOWNS = ("Köln", "Zürich", "Århus", "Łódź", "Lyon")
_FIRST_ROW = """
window.firstRow = new Promise((done) => {
  new MutationObserver((_, observer) => {
    if (!document.querySelector(".row")) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
  }).observe(document, { childList: true, subtree: true });
});
"""


def _mail(number: int) -> Received:
    """A message of 2 KB that differs from all others, with a few of the words that are searched for."""
    thing, town = _THINGS[number % len(_THINGS)], _TOWNS[number % len(_TOWNS)]
    kind = number % len(_SUBJECTS)
    builder = (
        MessageBuilder()
        .from_(("Zoë's Shop", "shop@example.com") if number % 3 else ("Ann Example", "ann@example.org"))
        .to(f"reader{number}@example.com")
        .subject(_SUBJECTS[kind].format(number))
        .text(
            f"Dear reader {number},\n\nthe {thing} that you wanted is on its way to {town}.\n\n"
            + f"It is number {number * 7919 % 1_000_003} of its kind, and will be there on day {number % 28 + 1}.\n"
            * 26
        )
    )
    if kind == _SUBJECTS.index("Welcome, reader {}"):
        builder = builder.header("X-Tags", "welcome")
    if not number % 50:
        builder = builder.attach(b"%PDF-1.4 not much", filename=f"invoice {number}.pdf")
    return Received("bounces@example.com", (f"reader{number}@example.com",), bytes(builder.build()), "shop.example")


@contextmanager
def _full(*, is_told: bool = False) -> Iterator[tuple[Inbox, Site]]:
    """An inbox in memory with so many messages, all of them indexed, and its page."""
    start_of_year = 1_767_225_600.0  # 2026
    made = [_mail(number) for number in range(COUNT)]
    size = sum(len(one.data) for one in made) / COUNT
    with Inbox(max_messages=COUNT, max_bytes=10**12) as inbox, Site(inbox) as site:
        start = time.perf_counter()
        for number, one in enumerate(made):
            inbox.archive.add(one, at=start_of_year + 10 * number)
        inbox.archive.flush()
        stored = time.perf_counter()
        del made
        total, first = _asked(site, limit=50)
        assert total == COUNT
        inbox.archive.count("has:text")  # which all must be indexed for
        indexed = time.perf_counter()
        if is_told:
            _tell("to store", stored - start, f"{COUNT / (stored - start):,.0f}/s; {size:,.0f} bytes each")
            _tell("to list the first 50, before indexing", first)
            _tell("to index", indexed - stored, f"{COUNT / (indexed - stored):,.0f}/s, while no mail comes")
        yield inbox, site


def _asked(site: Site, **query: object) -> tuple[int, float]:
    """Ask for a page of the list. Returns how many messages fit, and the seconds that it took."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=600)
    start = time.perf_counter()
    connection.request("GET", "/api/messages?" + urlencode(query))
    found = json.loads(connection.getresponse().read())
    seconds = time.perf_counter() - start
    connection.close()
    return found["total"], seconds


def _tell(what: str, seconds: float, more: str = "") -> None:
    print(f"  {what:<44} {seconds * 1000:>12,.1f} ms   {more}".rstrip())


def archive() -> None:
    print(f"\nAn inbox with {COUNT:,} messages, in memory; lists and searches over HTTP")
    with _full(is_told=True) as (_, site):
        _tell("to list the first 50", statistics.median(_asked(site, limit=50)[1] for _ in range(ROUNDS)))
        _tell(
            "to list 50 in the middle",
            statistics.median(_asked(site, limit=50, offset=COUNT // 2)[1] for _ in range(ROUNDS)),
        )
        medians = {}
        for text in SEARCHES:
            found = [_asked(site, q=text, limit=50) for _ in range(ROUNDS)]
            medians[text] = statistics.median(seconds for _, seconds in found)
            _tell(f"to search for {text}", medians[text], f"{found[0][0]:,} found")
        worst = max(medians, key=lambda text: medians[text])
        _tell("the median of the searches", statistics.median(medians.values()))
        _tell("the worst of them", medians[worst], worst)


def page() -> None:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        print("\nThe part page is left out: it needs Chromium (apt install chromium)")
        return
    from playwright.sync_api import sync_playwright

    print(f"\nThe page of an inbox with {COUNT:,} messages in Chromium, from the address to the first row")
    with _full() as (_, site), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        waits = []
        for _ in range(ROUNDS + 1):
            context = browser.new_context(viewport={"width": 1440, "height": 900})  # with nothing in its cache
            opened = context.new_page()
            opened.add_init_script(_FIRST_ROW)
            opened.goto(site.url, wait_until="domcontentloaded")
            waits.append(float(opened.evaluate("() => window.firstRow")) / 1000)
            context.close()
        browser.close()
    _tell("the first time", waits[0])
    _tell(
        f"the median of {ROUNDS} more",
        statistics.median(waits[1:]),
        f"{min(waits[1:]) * 1000:,.0f} to {max(waits[1:]) * 1000:,.0f}",
    )


PARTS: dict[str, Callable[[], None]] = {"archive": archive, "page": page}

if __name__ == "__main__":
    PARTS[sys.argv[1]]()
