"""Reading the inbox over IMAP: with imaplib, IMAPClient and imap-tools, which are the judges, and byte by byte without a socket."""

import imaplib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from imap_tools import AND, MailBoxUnencrypted, MailMessageFlags
from imapclient import IMAPClient

from mailkit import Mailer, MessageBuilder, mailbox
from mailkit.errors import TransportTimeout
from mailkit.inbox import Inbox
from mailkit.inbox.account import Users
from mailkit.inbox.archive import Archive
from mailkit.inbox.imap import serve_imap
from mailkit.mailbox import Imap
from mailkit.sansio import Conversation, Effect, Read, Watch, Write
from mailkit.smtp import Received
from tests.inbox.test_pop3 import STRANGERS
from tests.kit.feeding import CUTS, Cut
from tests.kit.peers import Authority
from tests.kit.talk import TLS, said, written


def note(subject: str = "one", body: str = "hello", **fields: str) -> bytes:
    head = {"From": "Ada <ada@shop.se>", "To": "bob@there.se", "Subject": subject, **fields}
    return "".join(f"{name}: {value}\r\n" for name, value in head.items()).encode() + f"\r\n{body}\r\n".encode()


@contextmanager
def holding(*raws: bytes, at: float | None = None, **options: object) -> Iterator[Inbox]:
    """An inbox with mail in it."""
    with Inbox(imap_port=0, **options) as inbox:  # type: ignore[arg-type]
        for raw in raws:
            inbox.archive.add(Received("ada@shop.se", ("bob@there.se",), raw, "me"), at=at)
        yield inbox


@contextmanager
def stdlib(inbox: Inbox, user: str = "x") -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", inbox.imap_port or 0) as client:
        client.login(user, "any")
        yield client


@contextmanager
def imapclient(inbox: Inbox, folder: str = "INBOX") -> Iterator[IMAPClient]:
    with IMAPClient("127.0.0.1", inbox.imap_port or 0, ssl=False) as client:
        client.login("x", "any")
        client.select_folder(folder)
        yield client


def first(answer: tuple[str, list[object]]) -> bytes:
    status, data = answer
    assert status == "OK", data
    return data[0] if isinstance(data[0], bytes) else b""


# -- foreign clients ---------------------------------------------------------------------------------------------------


def test_every_command_when_said_by_imaplib_then_it_is_answered() -> None:
    """CAPABILITY, NOOP, LOGIN, SELECT, EXAMINE, CREATE, DELETE, RENAME, LIST, STATUS, FETCH, SEARCH, STORE, COPY, EXPUNGE, LOGOUT."""
    with holding(note("one"), note("two")) as inbox, stdlib(inbox) as client:
        assert first(client.noop()) == b"NOOP is done"
        assert first(client.create("Plans/2026")) == b"CREATE is done"
        assert first(client.rename("Plans", '"Old plans"')) == b"RENAME is done"
        assert client.list()[1] == [
            rb'(\HasNoChildren) "/" "INBOX"',
            rb'(\HasChildren) "/" "Old plans"',
            rb'(\HasNoChildren) "/" "Old plans/2026"',
        ]
        assert client.lsub('""', "%")[1] == [rb'(\HasNoChildren) "/" "INBOX"', rb'(\HasChildren) "/" "Old plans"']
        assert client.delete('"Old plans"')[0] == "NO"  # there is a folder in it
        assert first(client.delete('"Old plans/2026"')) == b"DELETE is done"
        assert first(client.select()) == b"2"
        assert first(client.search(None, "SUBJECT", "TWO")) == b"2"
        assert client.fetch("2", "(UID FLAGS)")[1] == [b"2 (UID 2 FLAGS ())"]
        assert client.store("1", "+FLAGS", r"(\Flagged Work)")[1] == [rb"1 (FLAGS (\Flagged Work))"]
        assert client.store("1", "-FLAGS", "Work")[1] == [rb"1 (FLAGS (\Flagged))"]
        assert first(client.copy("1", '"Old plans"')).startswith(b"[COPYUID ")
        assert b"MESSAGES 1" in first(client.status('"Old plans"', "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY RECENT)"))
        client.store("1", "+FLAGS", r"(\Deleted)")
        assert first(client.expunge()) == b"1"
        assert first(client.search(None, "ALL")) == b"1"
        assert first(client.uid("SEARCH", "ALL")) == b"2"
        assert client.check()[0] == client.subscribe("INBOX")[0] == client.namespace()[0] == "OK"
        assert client.unselect()[0] == "OK"
        assert first(client.select("INBOX", readonly=True)) == b"1"
        assert client.store("1", "+FLAGS", r"\Seen")[0] == client.expunge()[0] == "NO"
        assert client.close()[0] == "OK"


def test_message_when_fetched_in_every_part_then_octets_are_those_that_came() -> None:
    """The whole, header, fields, text, parts by number, their headers, pieces of each."""
    mail = MessageBuilder().from_("ada@shop.se").to("bob@there.se").subject("Hej å").text("Å\n.dot\n").html("<p>Å</p>")
    inner = note("inner", "within")
    mail = mail.attach(bytes(range(256)), filename="å.bin").attach(inner, filename="m.eml", type="message/rfc822")
    with holding() as inbox, Mailer(inbox.url) as mailer:
        mailer.send(mail.build())
        raw = inbox.only().raw
        head, _, text = raw.partition(b"\r\n\r\n")
        with imapclient(inbox) as client:

            def fetched(section: str) -> object:
                found = client.fetch([1], [section.encode()])[1]
                return next(value for name, value in found.items() if name not in (b"SEQ", b"FLAGS"))

            assert fetched("BODY.PEEK[]") == fetched("RFC822.HEADER") + fetched("BODY.PEEK[TEXT]") == raw  # type: ignore[operator]
            assert fetched("BODY.PEEK[HEADER]") == head + b"\r\n\r\n"
            assert fetched("BODY.PEEK[TEXT]") == text
            assert fetched("BODY.PEEK[]<5.7>") == raw[5:12]
            assert fetched("BODY.PEEK[]<999999.7>") == b""
            assert fetched("BODY.PEEK[HEADER.FIELDS (subject x-none)]").startswith(b"Subject: ")  # type: ignore[attr-defined]
            others = fetched("BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]")
            assert b"Subject:" not in others and b"From:" in others  # type: ignore[operator]  # noqa: PT018
            assert fetched("BODY.PEEK[1.1]") == "Å\r\n.dot\r\n".encode()
            assert b"text/html" in fetched("BODY.PEEK[1.2.MIME]")  # type: ignore[operator]
            assert fetched("BODY.PEEK[3]") == inner
            assert fetched("BODY.PEEK[3.TEXT]") == fetched("BODY.PEEK[3.1]") == b"within\r\n"
            assert fetched("BODY.PEEK[3.HEADER.FIELDS (SUBJECT)]") == b"Subject: inner\r\n\r\n"
            assert fetched("BODY.PEEK[9]") == b""
            assert fetched("RFC822.SIZE") == len(raw)
            assert inbox.only().is_unread
            assert fetched("BODY[1.1]")
            assert not inbox.only().is_unread  # what was read is read, in the page too
            structure = client.fetch([1], ["BODYSTRUCTURE"])[1][b"BODYSTRUCTURE"]
            kinds = [(part[0] + b"/" + part[1]).lower() for part in (*structure[0][0][0], *structure[0][1:])]
            assert kinds == [b"text/plain", b"text/html", b"application/octet-stream", b"message/rfc822"]
            envelope = client.fetch([1], ["ENVELOPE"])[1][b"ENVELOPE"]
            assert (envelope.from_[0].mailbox, envelope.to[0].host) == (b"ada", b"there.se")


def test_mail_that_comes_in_numbers_is_told_together_and_the_client_is_heard_between() -> None:
    """Or the inbox would have more to do with telling than with taking; the first is told at once."""
    archive = Archive()
    mail = Received("ada@shop.se", ("bob@there.se",), note(), "me")
    try:
        conversation = serve_imap(archive, Users())
        begin = b"a LOGIN x x\r\nb SELECT INBOX\r\nc IDLE\r\n"
        until(conversation, Read, None)
        assert until(conversation, Watch, begin).endswith(b"+ idling\r\n")
        archive.add(mail)
        assert until(conversation, Read, None) == b"* 1 EXISTS\r\n"
        archive.add(mail)
        archive.add(mail)
        effect = conversation.throw(TransportTimeout("nothing came"))
        assert effect == Write(b"* 3 EXISTS\r\n")
        assert until(conversation, Read, None) == b""
        assert until(conversation, Read, b"DONE\r\n") == b"c OK IDLE is done\r\n"
    finally:
        archive.close()


def until(conversation: Conversation[None], kind: type[Effect], answer: bytes | None) -> bytes:
    """Give an answer, and return what is said before an effect of a kind, which is waiting then."""
    effect = conversation.send(answer)
    said = b""
    while not isinstance(effect, kind):
        assert isinstance(effect, Write)
        said += effect.data
        effect = conversation.send(None)
    return said


def test_mail_when_it_comes_during_idle_then_the_client_hears_at_once() -> None:
    """And of what is deleted in the page, and marked there."""
    with holding(note("one")) as inbox, imapclient(inbox) as client:
        client.idle()
        inbox.archive.add(Received("", (), note("two"), "me"))
        assert client.idle_check(timeout=10) == [(2, b"EXISTS")]
        inbox.archive.mark("id:1")
        assert client.idle_check(timeout=10) == [(1, b"FETCH", (b"UID", 1, b"FLAGS", (b"\\Seen",)))]
        inbox.archive.delete("id:1")
        assert client.idle_check(timeout=10) == [(1, b"EXPUNGE")]
        client.idle_done()
        assert client.search("UNSEEN") == [2]


def test_mailbox_when_opened_by_imap_tools_then_it_reads_flags_moves_and_appends() -> None:
    """The API that most scripts use today."""
    with holding(note("Größe", "grün"), note("two")) as inbox:
        with MailBoxUnencrypted("127.0.0.1", inbox.imap_port or 0).login("x", "y") as box:
            assert [one.subject for one in box.fetch(AND(subject="Größe"), charset="utf-8", mark_seen=False)] == [
                "Größe"
            ]
            assert [one.text.strip() for one in box.fetch(mark_seen=False, reverse=True)] == ["hello", "grün"]
            assert len(list(box.fetch(AND(seen=False)))) == 2
            assert list(box.fetch(AND(seen=False))) == []
            box.folder.create("Später & mehr")
            assert [one.name for one in box.folder.list()] == ["INBOX", "Später & mehr"]
            box.flag("1", MailMessageFlags.FLAGGED, True)
            box.move("1", "Später & mehr")
            box.append(note("sent"), "Später & mehr", dt=datetime(2026, 2, 3, 4, 5, tzinfo=UTC), flag_set=[r"\Seen"])
            assert box.folder.status("Später & mehr")["MESSAGES"] == 2
            box.folder.set("Später & mehr")
            found = list(box.fetch(mark_seen=False))
            assert [(one.subject, sorted(one.flags)) for one in found] == [
                ("Größe", [r"\Flagged", r"\Seen"]),
                ("sent", [r"\Seen"]),
            ]
            assert "3-Feb-2026 04:05:00" in str(box.client.fetch("2", "INTERNALDATE"))
        assert [one.subject for one in inbox] == ["two"]
        assert [one.subject for one in inbox.find("in:anywhere")] == ["two", "Größe", "sent"]
        assert [one.subject for one in inbox.find('in:"später & MEHR"')] == ["Größe", "sent"]
        inbox.clear()
        assert inbox.find("in:anywhere") == []


def test_tls_when_begun_then_all_goes_on_in_it(authority: Authority) -> None:
    """STARTTLS, once; mailkit's own client asks for it by itself."""
    with holding(note("one"), tls=authority.context()) as inbox:
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        with imaplib.IMAP4("localhost", inbox.imap_port or 0) as client:
            assert "STARTTLS" in client.capabilities
            client.starttls(context)
            assert "STARTTLS" not in client.capabilities
            client.authenticate("PLAIN", lambda _: b"\0x\0y")
            assert first(client.select()) == b"1"
        with mailbox.open(f"imap://x:y@localhost:{inbox.imap_port}?ca={authority.ca_file}") as opened:
            assert isinstance(opened, Imap)
            assert [one.subject for one in opened] == ["one"]


# -- what others got wrong ---------------------------------------------------------------------------------------------


def test_folder_when_it_is_empty_then_it_opens_and_every_search_finds_nothing() -> None:
    """No message is no error, and 1:* is none of them."""
    with holding() as inbox, stdlib(inbox) as client:
        assert first(client.select()) == b"0"
        for key in ("ALL", "UNSEEN", "SINCE 1-Jan-2020", "TEXT x", "NOT ALL", "UID 1:*"):
            assert first(client.search(None, key)) == b""
        assert client.uid("FETCH", "1:*", "(FLAGS)") == ("OK", [None])
        with pytest.raises(imaplib.IMAP4.error, match="there are 0 messages"):
            client.fetch("1:*", "(FLAGS)")
        assert first(client.status("INBOX", "(MESSAGES)")) == b'"INBOX" (MESSAGES 0)'


def test_places_and_identifiers_when_something_is_expunged_then_they_part() -> None:
    """A place moves up, an identifier is for good; ``*`` is the last one."""
    with holding(*(note(f"{number}") for number in range(1, 6))) as inbox, stdlib(inbox) as client:
        client.select()
        client.store("2,4", "+FLAGS.SILENT", r"\Deleted")
        assert client.expunge()[1] == [b"4", b"2"]  # from the end, so that each place is right when it is told
        assert first(client.search(None, "ALL")) == b"1 2 3"
        assert first(client.uid("SEARCH", "ALL")) == b"1 3 5"
        assert first(client.uid("SEARCH", "2:3")) == b"3 5"  # which are places
        assert first(client.uid("SEARCH", "UID", "2:4")) == b"3"
        assert client.uid("FETCH", "2:4", "(FLAGS)")[1] == [b"2 (UID 3 FLAGS ())"]
        assert client.fetch("2", "(UID)")[1] == [b"2 (UID 3)"]
        assert client.uid("FETCH", "9:*", "(FLAGS)")[1] == [b"3 (UID 5 FLAGS ())"]
        assert client.uid("FETCH", "2,4", "(FLAGS)") == ("OK", [None])


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("ALL", "1 2 3"),
        ("UNSEEN", "2 3"),
        ("SEEN", "1"),
        ("(UNSEEN)", "2 3"),
        ("NOT SEEN", "2 3"),
        ("SINCE 2-Feb-2026", "2 3"),
        ("SINCE 3-Feb-2026", "3"),
        ("BEFORE 2-Feb-2026", "1"),
        ("ON 2-Feb-2026", "2"),
        ('ON "2-Feb-2026"', "2"),
        ("SINCE 02-feb-2026 BEFORE 3-FEB-2026", "2"),
        ("SENTSINCE 1-Jan-2020", "3"),
        ("SENTBEFORE 1-Jan-2020", ""),
        ("SENTON 5-May-2025", "3"),
        ("FROM ada", "1 2 3"),
        ("FROM nobody", ""),
        ("TO there.se", "1 2 3"),
        ("CC zoe", "2"),
        ('SUBJECT "tw"', "2"),
        ('SUBJECT ""', "1 2 3"),
        ("HEADER X-Kind receipt", "3"),
        ('HEADER X-Kind ""', "3"),
        ("BODY hello", "1 3"),
        ("TEXT receipt", "3"),
        ("LARGER 200", "2"),
        ("SMALLER 200", "1 3"),
        ("OR SUBJECT one SUBJECT two", "1 2"),
        ("OR (SUBJECT one UNSEEN) (SUBJECT two UNSEEN)", "2"),
        ("NOT OR SUBJECT one SUBJECT two", "3"),
        ("2:3 UNSEEN", "2 3"),
        ("*", "3"),
        ("3:1", "1 2 3"),
        ("UID 2", "2"),
        ("UID 7:*", "3"),
        ("FLAGGED", "1"),
        ("UNFLAGGED UNDELETED UNANSWERED UNDRAFT", "2 3"),
        ("KEYWORD work", "1"),
        ("UNKEYWORD Work", "2 3"),
        ("OLD", "1 2 3"),
        ("NEW", ""),
        ("RECENT", ""),
    ],
)
def test_search_when_asked_then_it_finds_what_fits(keys: str, found: str) -> None:
    """By flags, days, fields, text and size; MailDev and others get UNSEEN and SINCE wrong."""
    with holding() as inbox:
        days = (datetime(2026, 2, day, 12, tzinfo=UTC).timestamp() for day in (1, 2, 3))
        notes = (
            note("one"),
            note("two", "x" * 300, Cc="zoe@there.se"),
            note("three", Date="Mon, 5 May 2025 23:59:00 -0800", **{"X-Kind": "Receipt"}),
        )
        for at, raw in zip(days, notes, strict=True):
            inbox.archive.add(Received("", (), raw, "me"), at=at)
        with stdlib(inbox) as client:
            client.select()
            client.store("1", "+FLAGS", r"(\Seen \Flagged Work)")
            assert first(client.search(None, keys)).decode() == found


def test_search_when_its_words_are_beyond_ascii_then_they_are_found_decoded() -> None:
    """In encoded fields, in quoted-printable and base64 bodies, in HTML; in any case."""
    mail = (
        MessageBuilder()
        .from_("Ærlig <a@shop.se>")
        .to("b@there.se")
        .subject("Käsekuchen für ALLE")
        .html("<p>Straße</p>")
    )
    with holding() as inbox, Mailer(inbox.url) as mailer:
        mailer.send(mail.build())
        with imapclient(inbox) as client:
            for key, word in (
                ("SUBJECT", "KÄSE"),
                ("FROM", "ærlig"),
                ("BODY", "STRASSE"),
                ("TEXT", "für alle"),
                ("BODY", "straße"),
            ):
                assert client.search([key, word], charset="UTF-8") == [1], word
            assert client.search(["BODY", "nichts"], charset="UTF-8") == []
            with pytest.raises(Exception, match="BADCHARSET"):
                client.search(["BODY", "x"], charset="KOI8-R")


def test_sessions_when_two_read_the_same_then_each_hears_of_the_other() -> None:
    """Flags, what is gone, what is new; and places hold until then."""
    with holding(note("one"), note("two"), note("three")) as inbox, stdlib(inbox) as ours, stdlib(inbox) as theirs:
        ours.select()
        theirs.select()
        theirs.store("1", "+FLAGS", r"\Deleted")
        theirs.store("2", "+FLAGS", r"\Answered")
        theirs.expunge()
        inbox.archive.add(Received("", (), note("four"), "me"))
        assert first(ours.search(None, "SUBJECT three")) == b"3"  # nothing has been told yet
        status, data = ours.fetch("1", "(RFC822)")
        assert (status, data) == ("OK", [None])  # it is gone, which does not end the session
        ours.noop()
        assert ours.response("EXPUNGE")[1] == [b"1"]
        assert first(ours.search(None, "ALL")) == b"1 2 3"
        assert first(ours.search(None, "ANSWERED")) == b"1"
        assert first(ours.uid("SEARCH", "ALL")) == b"2 3 4"


def test_inbox_when_renamed_then_its_mail_moves_and_it_stays() -> None:
    """RFC 3501 6.3.5."""
    with holding(note("one")) as inbox, stdlib(inbox) as client:
        assert client.rename("INBOX", "old")[0] == "OK"
        assert first(client.select("old")) == b"1"
        assert first(client.select("INBOX")) == b"0"
        for wrong in (
            client.create("inbox"),
            client.create("old"),
            client.delete("INBOX"),
            client.rename("old", "old/new"),
        ):
            assert wrong[0] == "NO"
        assert client.create('""')[0] == client.create('"a//b"')[0] == "NO"


def test_archive_when_its_file_is_opened_again_then_folders_flags_and_identifiers_are_as_they_were(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """UIDVALIDITY too: a client keeps what it has."""
    path = tmp_path_factory.mktemp("box") / "mail.db"
    with Inbox(path, imap_port=0) as inbox:
        inbox.archive.add(Received("", (), note("one"), "me"))
        with imapclient(inbox) as client:
            client.create_folder("Kept")
            client.set_flags([1], ["\\Flagged", "Work"])
            client.copy([1], "Kept")
            before = client.folder_status("Kept")
    with Inbox(path, imap_port=0) as inbox, imapclient(inbox, "Kept") as client:
        assert client.folder_status("Kept") == before
        assert client.get_flags([2]) == {2: (b"\\Flagged", b"Work")}


# -- without a socket --------------------------------------------------------------------------------------------------


@pytest.fixture
def archive() -> Iterator[Archive]:
    """Two messages in it."""
    archive = Archive()
    archive.add(Received("", (), note("one"), "me"))
    archive.add(Received("", (), note("two"), "me"))
    yield archive
    archive.close()


LOGIN = b"a login x y\r\nb select inbox\r\n"


def answers(archive: Archive, *heard: bytes, cut: Cut = CUTS[0]) -> list[bytes]:
    """What is said behind the replies to :data:`LOGIN`, line by line."""
    replies = said(serve_imap(archive, Users()), LOGIN, *heard, cut=cut)
    return replies.partition(b"b OK [READ-WRITE] it is open\r\n")[2].split(b"\r\n")[:-1]


@pytest.mark.parametrize("cut", CUTS)
def test_session_when_cut_anywhere_then_the_replies_are_the_same(archive: Archive, cut: Cut) -> None:
    """Pipelined, with literals of both kinds, bare line feeds, verbs in any case."""
    raw = note("three")
    heard = (
        b"c Search SUBJECT {3+}\r\ntwo\r\nd uid fetch 1:* (uid body.peek[header.fields ({7+}\r\nsubject)])\n"
        b'e APPEND inbox (\\Seen) " 1-Feb-2026 01:02:03 +0100" {%d}\r\n%b\r\nf noop\r\ng logout\r\nh noop\r\n'
        % (len(raw), raw)
    )
    validity = said(serve_imap(archive, Users()), LOGIN).partition(b"UIDVALIDITY ")[2].split(b"]")[0]
    assert answers(archive, heard, cut=cut) == [
        b"* SEARCH 2",
        b"c OK SEARCH is done",
        b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (subject)] {16}",
        *(b"Subject: one", b"", b")"),
        b"* 2 FETCH (UID 2 BODY[HEADER.FIELDS (subject)] {16}",
        *(b"Subject: two", b"", b")"),
        b"d OK UID is done",
        b"+ go on",
        b"* 3 EXISTS",
        b"e OK [APPENDUID %b 3] it is kept" % validity,
        b"f OK NOOP is done",
        b"* BYE Good-bye",
        b"g OK LOGOUT is done",
    ]


@pytest.mark.parametrize(
    "command",
    [
        *(
            b"",
            b" ",
            b"c",
            b"c ",
            b"( noop",
            b"c xyzzy",
            b"c login a b",
            b"c starttls",
            b"c uid",
            b"c uid noop 1",
            b"c idle x",
        ),
        *(
            b"c fetch",
            b"c fetch 1",
            b"c fetch 0 flags",
            b"c fetch 3 flags",
            b"c fetch 1 (",
            b"c fetch 1 ()",
            b"c fetch 1 (flags",
        ),
        *(
            b"c fetch 1 nothing",
            b"c fetch 1 body[",
            b"c fetch 1 body[x]",
            b"c fetch 1 body[mime]",
            b"c fetch 1 body[0x]",
        ),
        *(
            b"c fetch 1 body[]<0.0>",
            b"c fetch 1 body[]<1>",
            b"c fetch 1 body[header.fields ()]",
            b"c fetch 1:2:3 flags",
        ),
        *(
            b"c fetch 1, flags",
            b"c fetch a flags",
            b"c fetch -1 flags",
            b"c fetch 99999999999999999999 flags",
            b"c fetch 1 flags x",
        ),
        *(
            b"c store 1 flags",
            b"c store 1 +labels (x)",
            b"c store 1 flags (\\Wrong)",
            b"c store 1 flags (a",
            b"c store 9 flags x",
        ),
        *(
            b"c search",
            b"c search xyzzy",
            b"c search not",
            b"c search or all",
            b"c search (all",
            b"c search since",
            b"c search ()",
        ),
        *(
            b"c search since yesterday",
            b"c search on 31-Feb-2026",
            b"c search larger x",
            b"c search subject",
            b"c search charset",
        ),
        *(
            b'c search subject "x',
            b"c search all all)",
            b"c search " + b"(" * 50 + b"all" + b")" * 50,
            b"c search" + b" not" * 100 + b" all",
        ),
        *(
            b"c search" + b" all" * 300,
            b'c list "" ' + b"%*" * 600,
            b"c status inbox ()",
            b"c status inbox (xyzzy)",
            b"c append inbox x",
        ),
        *(
            b'c append inbox "x"',
            b"c create &!!!-",
            b"c create &AAA-",
            b"c select",
            b"c close x",
            b"c authenticate plain",
        ),
        b"c search subject \xff",
    ],
)
def test_command_when_it_is_wrong_then_it_is_refused_and_the_next_is_answered(archive: Archive, command: bytes) -> None:
    """With BAD or NO; nothing is done, and the session goes on."""
    *refusal, last = answers(archive, command + b"\r\nz noop\r\n")
    assert last == b"z OK NOOP is done"
    assert [line.split()[1] for line in refusal if line.split()[0] in (b"c", b"*", b"(")][-1:] in ([b"BAD"], [b"NO"])
    assert not any(line.startswith(b"c OK") for line in refusal)


@pytest.mark.parametrize(
    ("heard", "is_in"),
    [
        (b"a login x y", True),
        (b'a login "x" "y z"', True),
        (b"a login {1+}\r\nx {1+}\r\ny", True),
        (b"a login {1}\r\nx {1}\r\ny", True),
        (b"a login x", False),
        (b'a login "" ""', False),
        (b"a authenticate plain " + b64encode(b"\0x\0y"), True),
        (b"a authenticate plain\r\n" + b64encode(b"\0x\0y"), True),
        (b"a authenticate plain\r\n*", False),
        (b"a authenticate plain =", False),
        (b"a authenticate cram-md5", False),
    ],
)
def test_login_when_tried_in_every_way_then_mail_is_told_of_only_after_it(
    archive: Archive, heard: bytes, is_in: bool
) -> None:
    """Nothing is selected, listed or told of before."""
    replies = said(serve_imap(archive, Users()), heard + b"\r\nz status inbox (messages)\r\n")
    assert (b"MESSAGES 2" in replies) is is_in
    assert (b"z BAD log in first" in replies) is not is_in


def test_login_when_users_are_configured_then_only_they_come_in(archive: Archive) -> None:
    """With their passwords, and to their own mail."""
    users = Users({"ada": "pä ss"})
    right = said(serve_imap(archive, users), "a login ada {6+}\r\npä ss\r\nb status inbox (messages)\r\n".encode())
    assert b"MESSAGES 0" in right
    for wrong in (b"a login ada x", b"a login eve {6+}\r\np\xc3\xa4 ss", b"a login ADA {6+}\r\np\xc3\xa4 ss"):
        assert b"a NO [AUTHENTICATIONFAILED]" in said(serve_imap(archive, users), wrong + b"\r\n")


def test_handshake_when_something_was_said_before_it_then_that_does_not_count(archive: Archive) -> None:
    """Somebody between may have said it: it is not obeyed once all is secret."""
    session = serve_imap(archive, Users(), has_tls=True)
    replies = said(session, b"a starttls\r\nb login x y\r\n", b"c status inbox (messages)\r\nd capability\r\n")
    inside = replies.partition(TLS)[2]
    assert inside.startswith(b"c BAD log in first\r\n")
    assert b"STARTTLS" not in inside


@pytest.mark.parametrize(
    "heard",
    [b"a login {9000}\r\n", b"a login {9000+}\r\n" + b"x" * 9000, b"a login {999999999999999999+}\r\n", b"x" * 70_000],
)
def test_octets_when_a_stranger_sends_many_then_the_session_ends(archive: Archive, heard: bytes) -> None:
    """Nobody fills our memory before we know them."""
    assert said(serve_imap(archive, Users()), heard).splitlines()[-1].startswith(b"* BYE ")


@pytest.mark.parametrize("first", STRANGERS)
@pytest.mark.parametrize("cut", CUTS)
def test_session_when_it_begins_with_http_or_tls_then_it_ends_there(archive: Archive, first: bytes, cut: Cut) -> None:
    """A web page may have a form posted to any port: nothing of it is obeyed."""
    replies = said(serve_imap(archive, Users()), first + LOGIN, cut=cut).splitlines()
    assert len(replies) == 2
    assert replies[1].startswith(b"* BYE this port ")


def test_replies_when_the_client_asks_for_much_at_once_then_they_leave_in_between(archive: Archive) -> None:
    """What waits to be said does not grow with what is asked for."""
    sizes = written(serve_imap(archive, Users()), LOGIN + b"c fetch 1:* (flags envelope)\r\n" * 5_000)
    assert max(sizes) < 400_000 < sum(sizes)


def test_message_when_larger_than_allowed_then_it_is_not_taken() -> None:
    """The size is in the capabilities."""
    archive = Archive()
    try:
        replies = said(serve_imap(archive, Users(), max_size=1_000), LOGIN + b"c append inbox {100000}\r\n")
    finally:
        archive.close()
    assert b"APPENDLIMIT=1000" in replies
    assert replies.endswith(b"* BYE [TOOBIG] A command has at most 66536 octets here\r\n")
    assert archive.last == 0


def test_mistakes_when_there_are_too_many_then_the_session_ends(archive: Archive) -> None:
    """Whoever only guesses is a scanner."""
    replies = said(serve_imap(archive, Users()), b"a xyzzy\r\n" * 100)
    assert replies.endswith(b"* BYE Too many mistakes\r\n")
    assert replies.count(b"a BAD") < 30


def test_archive_when_closed_in_the_middle_then_that_is_said(archive: Archive) -> None:
    """And the session can still be ended."""
    session = serve_imap(archive, Users())
    archive.close()
    assert b"a NO the inbox is closed\r\n" in said(session, b"a login x y\r\nb logout\r\n")


def test_lists_when_names_have_wildcards_in_them_then_they_are_names(archive: Archive) -> None:
    """``*`` goes through levels, ``%`` does not; a folder may be called a+b or (c)."""
    made = b"".join(b'c create "%b"\r\n' % name for name in (b"a/b/c", b"a+b", b"(c)", b"INBOX/x"))
    for pattern, names in {
        b"*": [b"INBOX", b"(c)", b"a", b"a+b", b"a/b", b"a/b/c", b"INBOX/x"],
        b"%": [b"INBOX", b"(c)", b"a", b"a+b"],
        b"a/%": [b"a/b"],
        b"a/*": [b"a/b", b"a/b/c"],
        b"a%b": [b"a+b"],
        b"%/%/c": [b"a/b/c"],
        b"inbox": [b"INBOX"],
        b"A": [],
        b".": [],
    }.items():
        replies = answers(archive, made + b'd list "" "%b"\r\n' % pattern)
        made = b""
        listed = [line.split(b'"/" ')[1].strip(b'"') for line in replies if line.startswith(b"* LIST")]
        assert sorted(listed) == sorted(names), pattern


def test_day_when_mail_came_then_it_is_told_in_utc() -> None:
    """So that the day of a search is the day that is shown."""
    archive = Archive()
    late = datetime(2026, 2, 1, 23, 30, tzinfo=UTC)
    archive.add(Received("", (), note(), "me"), at=late.timestamp())
    try:
        found = answers(archive, b"c fetch 1 internaldate\r\nd search on 1-Feb-2026\r\n")
    finally:
        archive.close()
    assert found[0] == b'* 1 FETCH (INTERNALDATE " 1-Feb-2026 23:30:00 +0000")'
    assert found[2] == b"* SEARCH 1"
