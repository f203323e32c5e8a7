"""Composing: from values to bytes, beside Python's own library and the peers (``make bench BENCH=compose``).

mailkit writes a message as the server takes it: "mailkit" is the form for a server with 8BITMIME, in which Django, EmailMessage
and redmail write theirs without asking; "7 bits" is the form for all servers, as email.mime and emails write it, but in
quoted-printable, which stays readable, where they write base64.

Every contender makes the same messages, each with a number and a recipient of its own, and what it makes is read and
compared before anything is measured.
"""

import contextlib
import email
import email.policy
import gc
import itertools
import multiprocessing
import time
import tracemalloc
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate, getaddresses, make_msgid

from benchmarks.composers import COMPOSERS, Task
from benchmarks.measure import compare
from mailkit import Message, MessageBuilder

ROWS = "".join(
    f'<tr><td style="padding:4px 8px">Article {number}, size M</td>\n'
    f'<td style="padding:4px 8px;text-align:right">{number}9,90 €</td></tr>\n'
    for number in range(1, 28)
)
RECEIPT_HTML = (
    f'<!doctype html>\n<html><body><h1>Thank you, Zoë</h1>\n<table role="presentation">\n{ROWS}</table></body></html>\n'
)
RECEIPT_TEXT = "Dear Zoë,\n\nthank you for your order. It is on its way.\n\n" + "".join(
    f"Article {number}, size M    {number}9,90 €\n" for number in range(1, 28)
)
PLAIN_TEXT = "Dear reader,\n\nthank you for your order. It is on its way, and should arrive soon.\n" * 13
NEWS_HTML = "<p>The first article, with a <a href='https://example.com/1'>link</a>, é, and so on.</p>\n" * 520
NEWS_TEXT = "The first article, with a link, é, and so on: https://example.com/1\n" * 175
PDF = bytes(range(256)) * 4096

TASKS: dict[str, tuple[Callable[[int], Task], int, tuple[str, float]]] = {
    "A receipt: text and 4 KB of HTML, not all ASCII": (
        lambda n: Task(f"Your receipt {n}, Zoë", [("Zoë Müller", f"zoe{n}@example.com")], RECEIPT_TEXT, RECEIPT_HTML),
        200,
        ("Django", 10),
    ),
    "Plain text of 1 KB": (
        lambda n: Task(f"Your order {n}", [("", f"zoe{n}@example.com")], PLAIN_TEXT),
        1000,
        ("Django", 8),
    ),
    "An invoice: the receipt with a PDF of 1 MB that all share": (
        lambda n: Task(f"Invoice {n}", [("Zoë Müller", f"zoe{n}@example.com")], RECEIPT_TEXT, RECEIPT_HTML, PDF),
        5,
        ("Django", 50),
    ),
    "100 recipients in To": (
        lambda n: Task(f"Minutes {n}", [(f"Ann {i} Müller", f"ann{i}.{n}@example.com") for i in range(100)], "Hello\n"),
        20,
        ("EmailMessage", 10),
    ),
    "A newsletter: 45 KB of HTML and 12 KB of text": (
        lambda n: Task(f"News {n}", [("Zoë", f"zoe{n}@example.com")], NEWS_TEXT, NEWS_HTML),
        30,
        ("email.mime", 10),
    ),
}


def mailkit_receipt() -> bytes:
    make, _, _ = TASKS["A receipt: text and 4 KB of HTML, not all ASCII"]
    return COMPOSERS["mailkit"](make(0))


def run() -> None:
    missing = {"Django", "emails", "redmail", "yagmail"} - COMPOSERS.keys()
    if missing:
        print(f"Not installed, and left out: {', '.join(sorted(missing))} (make peers)")
    for title, (make, times, aim) in TASKS.items():
        for name, composer in COMPOSERS.items():
            _verify(name, composer, make(0))
        # A cycle longer than a round, so that nobody profits from having seen a message before.
        contenders = {name: _stream(composer, make, times) for name, composer in COMPOSERS.items()}
        compare(title, contenders, times=times, aim=aim)
    compare(
        "Headers only: 14 fields, two of them personal, and no body",
        {"mailkit": _mailkit_forked(), "mailkit without a base": _mailkit_anew(), "EmailMessage": _stdlib_headers()},
        times=600,
        aim=("EmailMessage", 50),
    )
    _memory()
    _hostile_addresses()


def _stream(composer: Callable[[Task], bytes], make: Callable[[int], Task], times: int) -> Callable[[], bytes]:
    tasks = itertools.cycle([make(number) for number in range(7 * times)])
    return lambda: composer(next(tasks))


_REWRITING = {"yagmail"}  # it puts breaks into what it is given, and makes a text of its own


def _lines(part: EmailMessage) -> str:
    return part.get_content().replace("\r\n", "\n").strip()


def _verify(name: str, composer: Callable[[Task], bytes], task: Task) -> None:
    """Read the message by Python's parser: nobody is measured who does not do the work."""
    message = email.message_from_bytes(composer(task), policy=email.policy.default)
    assert message["Subject"] == task.subject, name
    assert [one.addr_spec for one in message["To"].addresses] == [address for _, address in task.to], name
    parts = {part.get_content_type(): part for part in message.walk()}
    if task.html and name not in _REWRITING:
        assert _lines(parts["text/html"]) == task.html.strip(), name
    if task.text and name not in _REWRITING:
        assert _lines(parts["text/plain"]) == task.text.strip(), name
    if task.pdf:
        (file,) = message.iter_attachments()
        assert (file.get_filename(), file.get_content()) == ("invoice.pdf", task.pdf), name


CAMPAIGN = {
    "Reply-To": "Zoë Müller <letters@example.com>",
    "List-Id": '"Letters" <letters.example.com>',
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Help": "<https://example.com/help>",
    "Feedback-ID": "spring:letters:example",
    "Auto-Submitted": "auto-generated",
    "Precedence": "bulk",
    "X-Campaign": "Frühling, zum ersten Mal",
}


def _base() -> MessageBuilder:
    builder = MessageBuilder().from_("The Shop <shop@example.com>").subject("Frühlingsgrüße aus Köln, und viel Neues")
    for name, value in CAMPAIGN.items():
        builder = builder.header(name, value)
    return builder


def _personal(builder: MessageBuilder, number: int) -> bytes:
    builder = builder.to(("Zoë Müller", f"zoe{number}@example.com"))
    return bytes(builder.header("List-Unsubscribe", f"<https://example.com/u/{number}>").build())


def _mailkit_forked() -> Callable[[], bytes]:
    numbers, base = itertools.count(), _base()
    return lambda: _personal(base, next(numbers))


def _mailkit_anew() -> Callable[[], bytes]:
    numbers = itertools.count()
    return lambda: _personal(_base(), next(numbers))


def _stdlib_headers() -> Callable[[], bytes]:
    numbers = itertools.count()

    def compose() -> bytes:
        number = next(numbers)
        message = EmailMessage(policy=SMTP)
        message["From"] = "The Shop <shop@example.com>"
        message["To"] = f"Zoë Müller <zoe{number}@example.com>"
        message["Subject"] = "Frühlingsgrüße aus Köln, und viel Neues"
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="example.com")
        message["List-Unsubscribe"] = f"<https://example.com/u/{number}>"
        for name, value in CAMPAIGN.items():
            message[name] = value
        message["MIME-Version"] = "1.0"
        return message.as_bytes()

    return compose


def _memory() -> None:
    """Bytes of memory for each message that is kept, before and after its bytes have been asked for."""
    make, _, _ = TASKS["A receipt: text and 4 KB of HTML, not all ASCII"]
    print("\nMemory for each receipt of a thousand that are kept (its text is 6 KB, made anew for each)")
    for title, keep in _KEEPERS.items():
        gc.collect()
        tracemalloc.start()
        kept = [keep(make(number)) for number in range(1000)]
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"  {title:<32} {size / len(kept):>10,.0f} bytes")


def _built(task: Task) -> Message:
    builder = MessageBuilder().from_("The Shop <shop@example.com>").subject(task.subject).to(*task.to)
    # Texts that differ share nothing.
    return builder.text(task.text + task.subject).html(task.html + task.subject).build()


def _written(task: Task) -> Message:
    message = _built(task)
    bytes(message)
    return message


def _stdlib_built(task: Task) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = "The Shop <shop@example.com>", task.subject
    message["To"] = ", ".join(map(formataddr, task.to))
    message.set_content(task.text + task.subject)
    message.add_alternative(task.html + task.subject, subtype="html")
    return message


_KEEPERS: dict[str, Callable[[Task], object]] = {
    "mailkit, built": _built,
    "mailkit, built and written": _written,
    "EmailMessage, built": _stdlib_built,
}

MEGABYTE = 1_000_000
HOSTILE = {
    "nested comments": "(" * MEGABYTE,
    "comments in a row": "()" * (MEGABYTE // 2) + "a@b.example",
    "a quote that never ends": '"' + "\\" * MEGABYTE,
    "commas": "," * MEGABYTE,
    "addresses": "ann@example.com," * (MEGABYTE // 16),
    "names without addresses": "a " * (MEGABYTE // 2),
    "opening angles": "<" * MEGABYTE,
    "groups that never end": "a:" * (MEGABYTE // 2),
    "empty groups": "a:;," * (MEGABYTE // 4),
    "a route": "<" + "@a," * (MEGABYTE // 3) + "@a:b@c.example>",
    "dots": "a" + "." * MEGABYTE + "@b.example",
    "at signs": "@" * MEGABYTE,
    "encoded words": "=?utf-8?q?a?= " * (MEGABYTE // 14) + "<a@b.example>",
    "half an encoded word": "=?" * (MEGABYTE // 2) + " <a@b.example>",
    "folds": "\r\n " * (MEGABYTE // 3) + "a@b.example",
    "a domain literal": "a@[" * (MEGABYTE // 3),
}
PATIENCE = 5.0


def _hostile_addresses() -> None:
    """How long a megabyte of hostile address takes; other parsers are given up after five seconds."""
    print(f"\nSeconds for 1 MB of hostile addresses{'':<8}{'mailkit':>10} {'getaddresses':>14} {'EmailMessage':>14}")
    for name, text in HOSTILE.items():
        seconds = [_patiently(reader, text) for reader in (_read, _getaddresses, _header)]
        shown = [f"{one:.2f}" if one < PATIENCE else f"over {PATIENCE:.0f}" for one in seconds]
        print(f"  {name:<42}{shown[0]:>11} {shown[1]:>14} {shown[2]:>14}")


def _patiently(reader: Callable[[str], object], text: str) -> float:
    """The seconds that ``reader`` takes, in a process that can be ended; whatever it says of the text."""
    clock = multiprocessing.get_context("fork").Queue()
    process = multiprocessing.get_context("fork").Process(target=_timed, args=(reader, text, clock))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
    process.join()
    return clock.get() if process.exitcode == 0 else PATIENCE


def _timed(reader: Callable[[str], object], text: str, clock: "multiprocessing.Queue[float]") -> None:
    start = time.perf_counter()
    with contextlib.suppress(Exception):
        reader(text)
    clock.put(time.perf_counter() - start)


def _read(text: str) -> None:
    Message.parse(f"To: {text}\r\n\r\n".encode())


def _getaddresses(text: str) -> None:
    getaddresses([text])


def _header(text: str) -> object:
    return email.message_from_string(f"To: {text}\r\n\r\n", policy=email.policy.default)["To"].addresses
