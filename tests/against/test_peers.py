"""What goes wrong with other libraries when they compose, and right here: the same input, one judge for both.

The judges are Python's own parser and plain looks at the bytes, never mailkit's reader. The peers, in the releases that
``benchmarks/peers.lock`` names, run in an environment of their own (``make peers``).
"""

import base64
import email
import email.policy
import json
import os
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import pytest

from mailkit import Message, MessageBuilder, Templates
from mailkit.errors import MailkitError
from tests.kit.peerlab import INJECTING_NAME, LETTERS

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".peers" / "bin" / "python"

pytestmark = pytest.mark.slow

B = MessageBuilder().from_("a@b.example").to("x@b.example").subject("Hi").text("text")


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


def only_recipients(*expected: str) -> Callable[[bytes], bool]:
    """Whether the address fields hold these addresses and no others."""
    return lambda raw: (
        tuple(one.addr_spec for field in ("To", "Cc", "Bcc") for one in getattr(read(raw)[field], "addresses", ()))
        == expected
    )


def has(needle: bytes) -> Callable[[bytes], bool]:
    return lambda raw: needle in raw


def has_not(needle: bytes) -> Callable[[bytes], bool]:
    return lambda raw: needle not in raw


def is_the_same_twice(raw: bytes) -> bool:
    first, second = raw.split(b"\0")
    return first == second


def has_the_subject(raw: bytes) -> bool:
    return read(raw)["Subject"] == LETTERS


def has_plain_text_first(raw: bytes) -> bool:
    kinds = [part.get_content_type() for part in read(raw).walk()]
    return kinds.index("text/plain") < kinds.index("text/html")


def has_no_encoded_multipart(raw: bytes) -> bool:
    """RFC 2045 6.4: a multipart is 7bit, 8bit or binary."""
    return all(
        part["Content-Transfer-Encoding"] in (None, "7bit", "8bit", "binary")
        for part in read(raw).walk()
        if part.is_multipart()
    )


def has_a_text_without_markup(raw: bytes) -> bool:
    text = next(part for part in read(raw).walk() if part.get_content_type() == "text/plain").get_content()
    return "Hello" in text and "<b>" not in text and "&amp;" not in text


def has_an_ascii_file_name(raw: bytes) -> bool:
    """What a reader without RFC 2231 looks for."""
    return b'filename="Ubersicht.csv"' in raw or b"filename=Ubersicht.csv" in raw


def has_only_crlf(raw: bytes) -> bool:
    return raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")


class Case(NamedTuple):
    """``peer`` is a case of ``tests/kit/peerlab.py``; ``here`` composes the same, or is refused if ``refused``.

    A fault that is ``pythons`` comes from the email package below the peer, and is mended in some later Python.
    """

    peer: str
    fault: str
    is_right: Callable[[bytes], bool]
    here: Callable[[], bytes]
    refused: bool = False
    pythons: bool = False


def _from_template(html: str) -> bytes:
    return bytes(Templates({"x.html": f"Subject: Hi\n\n{html}"}).compose("x.html", {}).from_("a@b.example").build())


def _injecting() -> bytes:
    return bytes(B.header(INJECTING_NAME, "v").build())


def _twice(message: Message) -> bytes:
    return b"\0".join(bytes(message) for _ in range(2))


CASES = [
    Case(
        "django_local_part",
        "an encoded word in an address, which then is nobody's",
        has("josé@example.com".encode()),
        lambda: bytes(B.to("josé@example.com").build()),
    ),
    Case(
        "django_idna",
        "straße.de becomes strasse.de, which is another domain",
        has(b"x@xn--strae-oqa.de"),
        lambda: bytes(B.to("x@straße.de").build()),
    ),
    Case(
        "emails_idna",
        "straße.de becomes strasse.de, which is another domain",
        has(b"x@xn--strae-oqa.de"),
        lambda: bytes(B.to("x@straße.de").build()),
    ),
    Case(
        "django_twice",
        "one message is other bytes each time",
        is_the_same_twice,
        lambda: _twice(B.html("<p>html</p>").build()),
    ),
    Case("emails_bare", "no Message-ID", has(b"Message-ID: <"), lambda: bytes(B.build())),
    Case("btx_bare", "no Message-ID", has(b"Message-ID: <"), lambda: bytes(B.build())),
    Case("mailmerge_bare", "no Message-ID", has(b"Message-ID: <"), lambda: bytes(B.build())),
    Case("standard_bare", "no Message-ID", has(b"Message-ID: <"), lambda: bytes(B.build())),
    Case("standard_bare", "no Date", has(b"Date: "), lambda: bytes(B.build())),
    Case(
        "redmail_name",
        "a line break in a name adds a field",
        has_not(b"\r\nX-Injected"),
        lambda: bytes(B.to(["Eve\r\nX-Injected: yes <e@x.example>", "x@b.example"]).build()),
        refused=True,
    ),
    Case(
        "redmail_file_name",
        "a line break in a file name adds a field",
        has_not(b"\nX-Injected"),
        lambda: bytes(B.attach(b"x", filename="a.txt\r\nX-Injected: yes").build()),
        refused=True,
    ),
    Case(
        "mailmerge_row",
        "a line break in a cell adds a recipient",
        has_not(b"evil@x.example"),
        lambda: bytes(
            Templates({"x.txt": "Subject: Hi {{ name }}\n\ntext\n"})
            .compose("x.txt", {"name": "Eve\nBcc: evil@x.example"})
            .build()
        ),
        refused=True,
    ),
    Case(
        "redmail_subject",
        "a space is lost where a subject is folded",
        has_the_subject,
        lambda: bytes(B.subject(LETTERS).build()),
        pythons=True,
    ),
    Case(
        "envelope_subject",
        "a space is lost where a subject is folded",
        has_the_subject,
        lambda: bytes(B.subject(LETTERS).build()),
        pythons=True,
    ),
    Case(
        "btx_subject",
        "a space is lost where a subject is folded",
        has_the_subject,
        lambda: bytes(B.subject(LETTERS).build()),
        pythons=True,
    ),
    *(
        Case(
            f"{peer}_field",
            "a line break in the name of a field adds a field",
            has_not(b"\nX-Injected"),
            _injecting,
            refused=True,
            pythons=True,
        )
        for peer in ("django", "emails", "redmail", "standard")
    ),
    Case(
        "emails_local_part",
        "a whole address in an encoded word",
        has("josé@b.example".encode()),
        lambda: bytes(B.to("josé@b.example").build()),
    ),
    Case(
        "standard_idn",
        "an encoded word in a domain",
        has(b"x@xn--strae-oqa.de"),
        lambda: bytes(B.to("x@straße.de").build()),
        pythons=True,
    ),
    Case(
        "mailmerge_name",
        "name and address together in one encoded word",
        only_recipients("x@b.example"),
        lambda: bytes(MessageBuilder().from_("a@b.example").to("Zoë <x@b.example>").text("text").build()),
    ),
    Case(
        "fastapi_order",
        "the text after the HTML, so that readers show the text",
        has_plain_text_first,
        lambda: bytes(B.html("<p>html</p>").build()),
    ),
    Case(
        "fastapi_order",
        "base64 on a multipart, which RFC 2045 6.4 forbids",
        has_no_encoded_multipart,
        lambda: bytes(B.html("<p>html</p>").build()),
    ),
    Case(
        "yagmail_text",
        "markup in the plain text",
        has_a_text_without_markup,
        lambda: _from_template("<b>Hello</b> &amp; bye"),
    ),
    Case(
        "yagmail_pair",
        "a name without its address",
        only_recipients("x@b.example"),
        lambda: bytes(MessageBuilder().from_("a@b.example").to(("Ann Lee", "x@b.example")).text("text").build()),
    ),
    Case(
        "yagmail_idn",
        "a whole address in an encoded word",
        has(b"zoe@xn--bcher-kva.example"),
        lambda: bytes(B.to("zoe@bücher.example").build()),
    ),
    Case(
        "envelope_comma",
        "a quoted name with a comma becomes two recipients, one of them Doe",
        only_recipients("to@example.com"),
        lambda: bytes(MessageBuilder().from_("a@b.example").to('"Doe, John" <to@example.com>').text("text").build()),
    ),
    Case(
        "standard_bcc",
        "the blind copy for all to see",
        has_not(b"secret@b.example"),
        lambda: bytes(B.bcc("secret@b.example").build()),
    ),
    Case(
        "standard_surrogate",
        "half a character is taken, and is an error without a field when the message is written",
        has_not(b"RAISED UnicodeEncodeError"),
        lambda: bytes(B.subject("half \ud83d").build()),
        refused=True,
        pythons=True,
    ),
    Case(
        "standard_file_name",
        "no file name for readers without RFC 2231",
        has_an_ascii_file_name,
        lambda: bytes(B.attach(b"x", filename="Übersicht.csv", type="text/csv").build()),
    ),
    Case(
        "standard_nul",
        "a NUL on the wire, where 7bit and 8bit have none",
        has_not(b"\0"),
        lambda: bytes(B.text("a\0b\n").build()),
    ),
    Case("mime_line_ends", "bare line feeds", has_only_crlf, lambda: bytes(B.text("one\ntwo\n").build())),
]


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    """What all the peers made, in one process of their own Python."""
    if not PYTHON.exists():
        if os.environ.get("MAILKIT_REQUIRE_SERVERS") == "1":
            pytest.fail("MAILKIT_REQUIRE_SERVERS=1, but no peers: make peers")
        pytest.skip("NOT TESTED against the peers: not installed (make peers)")
    words = [str(PYTHON), str(ROOT / "tests" / "kit" / "peerlab.py")]
    done = subprocess.run(words, capture_output=True, check=True, timeout=120)
    return {name: base64.b64decode(raw) for name, raw in json.loads(done.stdout).items()}


@pytest.mark.parametrize("case", CASES, ids=[f"{case.peer}: {case.fault}" for case in CASES])
def test_a_fault_when_a_peer_has_it_is_not_here(made: dict[str, bytes], case: Case) -> None:
    """The judge finds it in the peer's bytes; here the input is composed rightly, or refused by name."""
    theirs = made[case.peer]
    if theirs.startswith(b"RAISED") and not case.refused:
        pytest.fail(f"{case.peer} composed nothing, which shows no fault: {theirs!r}")
    if case.is_right(theirs):
        assert case.pythons, f"{case.peer} does it rightly now: {theirs!r}"
        pytest.skip(f"{case.peer} does it rightly on this Python")
    if case.refused:
        with pytest.raises(MailkitError) as caught:
            case.here()
        assert caught.value.hint or "header name" in str(caught.value)  # that error says how such a name is written
    else:
        assert case.is_right(case.here())
