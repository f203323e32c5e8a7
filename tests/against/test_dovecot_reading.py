"""What our IMAP and POP3 say of a message, beside what Dovecot says of the same one."""

import poplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from imapclient import IMAPClient

from mailkit import MessageBuilder
from tests.kit.dovecot import Dovecot
from tests.kit.peers import Authority, authority
from tests.kit.reading import Readable, readable

__all__ = ["authority"]


def raw(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def composed() -> bytes:
    mail = MessageBuilder().from_("Ada Å <ada@shop.se>").to("bob@there.se", "Zoë <zoe@there.se>").cc("c@there.se")
    mail = mail.subject("Räksmörgås, a rather long subject that is folded over more than one line").text("Hej\n")
    mail = mail.html("<p>Hej</p>").attach(b"\x00\xff" * 500, filename="räkning.bin").attach(b"a,b\n", filename="a.csv")
    return bytes(mail.message_id("<1@shop.se>").build())


CORPUS = {
    "composed": composed(),
    "plain": raw("From: a@b.se\nTo: c@d.se\nSubject: Hi\nDate: Thu, 1 Jan 2026 10:00:00 +0000\n\nHello\nthere\n"),
    "names": raw(
        'From: "A, B" <a@b.se>\nSender: s@b.se\nReply-To: r@b.se, q@b.se\nTo: x: c@d.se, e@f.se;, g@h.se\nBcc: z@z.se\n\nHi\n'
    ),
    "nobody": raw("From: a@b.se\nTo: undisclosed-recipients:;\nIn-Reply-To: <9@b.se>\nMessage-ID: <8@b.se>\n\nHi\n"),
    "nested": raw(
        'From: a@b.se\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\npreamble\n--x\nContent-Type: multipart/alternative;\n'
        " boundary=y\n\n--y\n\nplain\n--y\nContent-Type: text/html; charset=utf-8\nContent-ID: <h@x>\n\n<p>html\n--y--\n\n--x\n"
        'Content-Type: message/rfc822\nContent-Disposition: attachment; filename="in.eml"\n\nFrom: i@b.se\nSubject: inner\n'
        'Content-Type: multipart/mixed; boundary=z\n\n--z\n\none\n--z\nContent-Type: image/png; name="a.png"\n'
        "Content-Transfer-Encoding: base64\nContent-Description: a picture\n\nAAAA\n--z--\n\n--x--\nepilogue\n"
    ),
    "forwarded": raw(
        "From: a@b.se\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\nFrom: i@b.se\nSubject: inner\n\nwithin\n"
    ),
    "digest": raw(
        "From: a@b.se\nMIME-Version: 1.0\nContent-Type: multipart/digest; boundary=d\n\n--d\n\nFrom: i@b.se\nSubject: one\n\n1\n"
        "--d\nContent-Type: text/plain\n\n2\n--d--\n"
    ),
    "bare": raw("Subject: only a header\n\n"),
}
SECTIONS = (
    "",
    "HEADER",
    "TEXT",
    "1",
    "2",
    "1.1",
    "1.2",
    "2.1",
    "2.2",
    "1.MIME",
    "2.MIME",
    "2.HEADER",
    "2.TEXT",
    "2.1.MIME",
    "1.1.1",
)


# There is nothing below a part that is no multipart (RFC 3501 6.4.5); Dovecot takes the part itself.
WITHIN_LEAVES = {
    *((name, section) for name in ("composed", "digest") for section in ("2.1", "2.1.MIME")),
    *((name, "1.1.1") for name in ("composed", "nested")),
}


@pytest.fixture(scope="module")
def both(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[IMAPClient, IMAPClient]]:
    """The corpus, selected in both."""
    user = dovecot.reader(398)
    dovecot.fill(user, CORPUS.values())
    with readable(Authority(tmp_path_factory.mktemp("ca")), user) as ours:
        ours.fill(user, CORPUS.values())
        with opened(ours, user) as mine, opened(dovecot, user) as theirs:
            yield mine, theirs


@contextmanager
def opened(server: Dovecot | Readable, user: str) -> Iterator[IMAPClient]:
    context = ssl.create_default_context(cafile=str(server.ca_file))
    with IMAPClient("localhost", server.imaps_port, ssl_context=context) as client:
        client.login(user, server.password)
        client.select_folder("INBOX")
        yield client


def told(client: IMAPClient, number: int, item: str) -> object:
    return client.fetch([number], [item])[number][re.sub(r"\.PEEK", "", item).encode()]


def lowered(value: object) -> object:
    """Words are compared without their case, as IMAP compares nearly all of these."""
    if isinstance(value, bytes):
        return value.lower()
    if not isinstance(value, tuple | list):
        return value
    if all(isinstance(one, bytes) for one in value):  # parameters, whose order means nothing
        return sorted(zip(map(lowered, value[::2]), map(lowered, value[1::2]), strict=True))
    return tuple(map(lowered, value))


@pytest.mark.parametrize("number", range(1, len(CORPUS) + 1), ids=CORPUS)
@pytest.mark.parametrize("item", ["ENVELOPE", "BODYSTRUCTURE", "BODY"])
def test_what_a_message_is_when_told_then_it_is_told_as_dovecot_tells_it(
    both: tuple[IMAPClient, IMAPClient], number: int, item: str
) -> None:
    """People, subject, kinds of parts with their parameters, sizes and lines."""
    mine, theirs = (lowered(told(client, number, item)) for client in both)
    assert mine == theirs


@pytest.mark.parametrize("number", range(1, len(CORPUS) + 1), ids=CORPUS)
@pytest.mark.parametrize("section", SECTIONS)
def test_section_when_fetched_then_its_octets_are_dovecots(
    both: tuple[IMAPClient, IMAPClient], number: int, section: str
) -> None:
    """Each by its number, with the header and the text of each; where there is none both say so."""
    mine, theirs = (told(client, number, f"BODY.PEEK[{section}]") for client in both)
    if (list(CORPUS)[number - 1], section) in WITHIN_LEAVES:
        assert mine == b""
    else:
        assert mine == theirs


@pytest.mark.parametrize(
    "keys",
    [
        *(
            "ALL",
            "SUBJECT inner",
            "FROM i@b.se",
            "BODY within",
            "TEXT within",
            "BODY there",
            "TO d.se",
            "BCC z.se",
            "HEADER Message-ID 8@b",
        ),
        *(
            "SENTON 1-Jan-2026",
            "SENTSINCE 1-Jan-2026",
            "LARGER 400",
            "SMALLER 200",
            "NOT TEXT se",
            "OR SUBJECT hi SUBJECT digest",
        ),
        *("1:3,5", "*", "4:*", "UID 2:4", "SUBJECT räksmörgås", "FROM Å", "TO zoë"),
    ],
)
def test_search_when_asked_then_it_finds_what_dovecot_finds(both: tuple[IMAPClient, IMAPClient], keys: str) -> None:
    """By places."""
    *words, last = keys.split(" ")
    mine, theirs = (client.search([*words, last], charset="UTF-8") for client in both)
    assert list(mine) == list(theirs)


def test_lines_when_read_by_pop3_then_they_are_dovecots(dovecot: Dovecot, authority: Authority) -> None:
    """RETR, TOP and the sizes of both."""
    user = dovecot.reader(399)
    dovecot.fill(user, CORPUS.values())
    with readable(authority, user) as ours:
        ours.fill(user, CORPUS.values())
        said = []
        for server in (ours, dovecot):
            client = poplib.POP3_SSL(
                "localhost", server.pop3s_port, context=ssl.create_default_context(cafile=str(server.ca_file))
            )
            client.user(user)
            client.pass_(server.password)
            numbers = range(1, len(CORPUS) + 1)
            said.append(
                [(client.stat(), client.list()[1])] + [(client.retr(one)[1], client.top(one, 2)[1]) for one in numbers]
            )
            client.quit()
    assert said[0] == said[1]
