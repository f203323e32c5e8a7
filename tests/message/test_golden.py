"""Whole messages, byte by byte.

The files in ``golden/`` are what mailkit writes with a fixed clock and fixed ids, on every machine and every Python. To
write them anew after an intended change: ``python -m tests.message.test_golden``, then read the difference.
"""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailkit import Address, Message, MessageBuilder, clock
from mailkit.testing import FrozenClock

GOLDEN = Path(__file__).parent / "golden"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000"
    "01f15c4890000000d49444154789c626001000000ffff03000006000557bfabd40000000049454e44ae426082"
)
BASE = MessageBuilder().from_("Ada Lovelace <ada@example.com>").to("bob@example.com")


def plain() -> MessageBuilder:
    return BASE.subject("Hello").text("Hello Bob,\n\nhow are you?\n\n-- \nAda\n")


def alternative() -> MessageBuilder:
    return (
        BASE.subject("Your order has shipped")
        .text("Your order n° 17 has shipped.\nTotal: 12 €\n")
        .html("<h1>Your order n° 17</h1>\n<p>has shipped. <b>Total:</b> 12 €</p>\n")
    )


def every_part() -> MessageBuilder:
    return (
        BASE.subject("Rechnung für März")
        .text("Anbei die Rechnung.")
        .html('<p><img src="cid:logo" alt="Logo"> Anbei die Rechnung.</p>')
        .embed(PIXEL, filename="Firmenzeichen größer.png", cid="logo")
        .attach(b"%PDF-1.7 not really\n", filename="Rechnung Nr. 17 – Größe & Maße.pdf")
        .attach(b"Position;Preis\r\n1;12\r\n", filename="positionen.csv")
        .attach("Subject: Grüße\n\nÄltere Nachricht\n".encode(), filename="früher.eml")
    )


def long_subject() -> MessageBuilder:
    subject = (
        "Einladung zur Jahreshauptversammlung der Gesellschaft für angewandte Übertragungstechnik, "
        "日本語の件名も長くなることがあります, with a plain ending of many ordinary English words in a row  and two spaces"
    )
    return BASE.subject(subject).text("日本語の本文です。\n")


def many_recipients() -> MessageBuilder:
    return (
        MessageBuilder()
        .from_("Zoë Müller <zoe@exämple.com>")
        .reply_to('"Support, 1st level" <support@example.com>')
        .to('"Doe, John" <john@example.com>', ("J. R. R. Tolkien", "jrrt@example.com"))
        .to(Address("mallory@example.com", name="bank@bank.example"), ('Jack "The Hat" O\'Neill', "jack@example.com"))
        .to(
            ("山田 太郎", "taro@例え.テスト"), ("Łukasz Żółw, Dział Obsługi Klienta i Reklamacji", "lukasz@example.com")
        )
        .cc([(f"Person Number {number}", f"person{number}@example.com") for number in range(6)])
        .bcc("nobody-may-see-this@example.com")
        .subject("To many")
        .text("Hello all\n")
    )


def newsletter() -> MessageBuilder:
    return (
        BASE.subject("News")
        .return_path("bounces@example.com")
        .list_unsubscribe(url="https://example.com/u?token=abc123", mailto="leave@example.com?subject=unsubscribe")
        .header("List-ID", "<news.example.com>")
        .header("Precedence", "bulk")
        .header("X-Campaign", "Frühling 2026")
        .text("News\n")
        .html("<p>News</p>\n")
    )


MESSAGES: dict[str, Callable[[], MessageBuilder]] = {
    step.__name__: step for step in (plain, alternative, every_part, long_subject, many_recipients, newsletter)
}


def built(name: str) -> Message:
    with clock.using(FrozenClock()):
        return MESSAGES[name]().build()


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_when_built_under_a_fixed_clock_is_its_golden_file(name: str) -> None:
    """Not one byte differs."""
    assert bytes(built(name)) == (GOLDEN / f"{name}.eml").read_bytes()


@pytest.mark.parametrize("name", MESSAGES)
def test_a_golden_file_when_read_has_the_contents_it_was_built_from(name: str) -> None:
    """Writing and reading agree on every field, body and file."""
    message, again = built(name), Message.parse((GOLDEN / f"{name}.eml").read_bytes())
    assert again.headers.fields[:6] == message.headers.fields[:6]
    assert again.subject == message.subject
    assert (again.to, again.cc, again.from_) == (message.to, message.cc, message.from_)
    assert (again.text or "").rstrip("\n") == (message.text or "").rstrip("\n")
    assert again.html == message.html
    assert [part.filename for part in again.parts()] == [part.filename for part in message.parts()]
    assert again.defects == ()


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_when_hashed_pickled_or_written_by_many_threads_is_one_value(name: str) -> None:
    """It can be a key, cross to another process, and be written by eight threads at once."""
    message = built(name)
    again = pickle.loads(pickle.dumps(message))
    assert len({message, again, built(name)}) == 1
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: bytes(again), range(8)))) == 1
    assert bytes(again) == bytes(message)


def test_the_golden_files_when_counted_are_the_messages() -> None:
    """No file is left over."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(MESSAGES)


if __name__ == "__main__":
    for written in MESSAGES:
        (GOLDEN / f"{written}.eml").write_bytes(bytes(built(written)))
