"""SMTP smuggling: every sequence that one server or another has taken for the end of data, in both directions.

What leaves us is judged by :class:`Strict`, which shares no code with what it judges: it ends a line with CRLF and data with
CRLF "." CRLF, and fails when it meets a CR or LF of any other kind. What comes to our server must be content until then.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope as Enveloped
from aiosmtpd.smtp import Session as Spoken
from hypothesis import given
from hypothesis import strategies as st

from mailkit import Address, Envelope, Mailer, Message, MessageBuilder
from mailkit.errors import CapabilityMissing
from mailkit.mime.bodytype import BodyType
from mailkit.net import Listener
from mailkit.sansio import Call, Conversation, Read, Write
from mailkit.smtp import Client, Content, Job, Profile, ServerProfile, StartTlsPolicy, serve
from mailkit.smtp.content import BLOCK
from mailkit.transport import Parcel
from mailkit.transport.plan import Plan
from tests.kit.feeding import CUTS, Cut
from tests.kit.peers import Postbox, free_port
from tests.kit.stored import Fetched, content

BREAKS = {
    "nothing": b"",
    "CR": b"\r",
    "LF": b"\n",
    "CR LF": b"\r\n",
    "CR CR LF": b"\r\r\n",
    "LF CR": b"\n\r",
    "LF LF": b"\n\n",
    "NUL": b"\0",
    "CR NUL LF": b"\r\0\n",
}
DOTS = (b".", b"..", b".\0", b". ")
HIDDEN = b"MAIL FROM:<evil@x.org>\r\nRCPT TO:<victim@y.org>\r\nDATA\r\nevil\r\n.\r\n"


def ends(before: str) -> list[bytes]:
    """Every false end, and the true one, that begins with a break."""
    return [BREAKS[before] + dot + after for dot in DOTS for after in BREAKS.values()]


def contents(end: bytes) -> list[bytes]:
    """At the start, in the middle, at the end, and with commands behind it."""
    return [end + b"world", b"hello" + end + b"world", b"hello" + end, b"hello" + end + HIDDEN, b"\r\n" + end * 3]


def normal(data: bytes) -> bytes:
    """What a reader gets: each of CR, LF and CRLF is a line end, and there is one at the end."""
    lines = re.split(rb"\r\n|\r|\n", data)
    return b"\r\n".join(lines) + (b"\r\n" if lines[-1] else b"")


# -- what leaves us ----------------------------------------------------------------------------------------------------


class Strict:
    """A server that does not look the other way, and plays the part of the wire too."""

    def __init__(self, offers: Sequence[bytes]) -> None:
        self.taken: list[bytes] = []
        self.commands: list[bytes] = []
        self._offers = offers
        self._heard = b""
        self._data: list[bytes] | None = None
        self._chunks = b""

    def run(self, conversation: Conversation[object]) -> None:
        said, result = b"220 hi\r\n", None
        while True:
            try:
                effect = conversation.send(result)
            except StopIteration:
                break
            result = None
            match effect:
                case Write(data):
                    self._heard += data
                case Read():
                    said = said or self._answer()
                    assert said, "the client waits, and there is nothing to answer"
                    result, said = said, b""
                case Call(deed):
                    result = deed()
        assert not self._heard
        assert self._data is None

    def _answer(self) -> bytes:
        replies = b""
        while b"\r\n" in self._heard:
            line, _, self._heard = self._heard.partition(b"\r\n")
            assert b"\r" not in line, "a bare CR has left"
            assert b"\n" not in line, "a bare LF has left"
            if self._data is None:
                self.commands.append(line)
                replies += self._obey(line)
            elif line == b".":
                self.taken.append(b"".join(self._data))
                self._data = None
                replies += b"250 queued\r\n"
            else:
                self._data.append(line.removeprefix(b".") + b"\r\n")
        return replies

    def _obey(self, line: bytes) -> bytes:
        match line.split():
            case [b"EHLO", _]:
                return b"".join(b"250-%s\r\n" % one for one in (b"hi", *self._offers)) + b"250 8BITMIME\r\n"
            case [b"DATA"]:
                self._data = []
                return b"354 go\r\n"
            case [b"BDAT", size, *last]:
                octets, self._heard = self._heard[: int(size)], self._heard[int(size) :]
                assert len(octets) == int(size)
                self._chunks += octets
                if last:
                    self.taken.append(self._chunks)
                    self._chunks = b""
                return b"250 ok\r\n"
            case [b"MAIL" | b"RCPT" | b"RSET", *_]:
                return b"250 ok\r\n"
        raise AssertionError(f"the client said {line!r}")


PIPELINING, CHUNKING = (b"PIPELINING",), (b"PIPELINING", b"CHUNKING", b"BINARYMIME")


def sent(*jobs: Job, offers: Sequence[bytes] = PIPELINING, window: int = 0) -> list[bytes]:
    """Send over one session; the contents that a strict server takes. Nothing but our own commands may come to it."""

    def conversation() -> Conversation[None]:
        client = Client(Profile("me", starttls=StartTlsPolicy.OFF))
        waiting = iter(jobs)
        yield from client.open()
        stream = client.stream(lambda: next(waiting, None), window=window)
        while settled := (yield from stream.next()):
            for _, result in settled:
                if isinstance(result, Exception):
                    raise result
                assert all(answer.is_taken for answer in result)

    server = Strict(offers)
    server.run(conversation())
    assert [one for one in server.commands if one.startswith(b"MAIL")] != []
    assert not any(b"evil" in one for one in server.commands)
    assert len(server.taken) == len(jobs)
    return server.taken


def job(given: Content) -> Job:
    return Job("a@x.org", ["b@y.org"], given)


def halves(data: bytes) -> tuple[bytes, bytes]:
    return data[: len(data) // 2], data[len(data) // 2 :]


LAST = job(Content.of(b"last\r\n"))
WAYS: dict[str, Callable[[bytes], list[bytes]]] = {
    "in a stream": lambda data: sent(job(Content.of(data)), LAST),
    "in a transaction": lambda data: sent(job(Content.of(data)), LAST, offers=()),
    "in two pieces": lambda data: sent(job(content(*halves(data))), LAST),
    "in two pieces, alone": lambda data: sent(job(content(*halves(data))), LAST, offers=()),
    "stored, by the byte": lambda data: sent(job(content(Fetched(tuple(_bytes(data))))), LAST),
    "between stored pieces": lambda data: sent(
        job(content(halves(data)[0], Fetched((halves(data)[1],)))), LAST, offers=()
    ),
    "in a window": lambda data: sent(job(Content.of(data)), LAST, offers=CHUNKING, window=8),
    "in a window, in two pieces": lambda data: sent(job(content(*halves(data))), LAST, offers=CHUNKING, window=8),
}


def _bytes(data: bytes) -> Iterable[bytes]:
    return (data[place : place + 1] for place in range(len(data)))


def read(taken: bytes) -> bytes:
    """The content; by BDAT it may lack the last line end, and must have no bare CR or LF either."""
    assert b"\r" not in taken.replace(b"\r\n", b""), "a bare CR has left"
    assert b"\n" not in taken.replace(b"\r\n", b""), "a bare LF has left"
    return taken if taken.endswith(b"\r\n") or not taken else taken + b"\r\n"


@pytest.mark.parametrize("before", BREAKS)
@pytest.mark.parametrize("way", WAYS)
def test_content_when_it_imitates_the_end_of_data_then_it_arrives_as_content(way: str, before: str) -> None:
    """No bare CR or LF leaves, and no message can smuggle another one past a server, however that reads line ends."""
    for end in ends(before):
        for data in contents(end):
            first, last = WAYS[way](data)
            assert (read(first), last) == (normal(data), b"last\r\n"), data


@pytest.mark.slow
@pytest.mark.parametrize("before", BREAKS)
@pytest.mark.parametrize(
    "cut",
    [
        lambda data: Content.of(data),
        lambda data: content(b"", data),
        lambda data: content(Fetched((data[:BLOCK], data[BLOCK:]))),
        lambda data: content(data[:BLOCK], Fetched((data[BLOCK:],))),
        lambda data: content(data[:BLOCK], data[BLOCK:]),
    ],
    ids=["whole", "in blocks", "stored", "bytes and stored", "in pieces"],
)
def test_content_when_an_imitated_end_lies_on_the_seam_of_two_blocks_then_it_arrives_as_content(
    cut: Callable[[bytes], Content], before: str
) -> None:
    """A block does not know what the next one begins with."""
    for after in BREAKS.values():
        end = BREAKS[before] + b"." + after
        for place in range(len(end) + 1):
            data = b"x" * (BLOCK - place) + end + HIDDEN
            (taken,) = sent(job(cut(data)))
            assert taken == normal(data), (end, place)


@pytest.mark.parametrize("before", BREAKS)
@pytest.mark.parametrize("offers", [CHUNKING, CHUNKING[1:]], ids=["window", "alone"])
def test_content_when_it_is_binary_then_every_octet_is_counted_and_none_is_obeyed(
    before: str, offers: Sequence[bytes]
) -> None:
    """RFC 3030: it has no lines, and only goes where nobody looks for them."""
    for end in ends(before):
        for data in contents(end):
            binary = job(Content.of(data, body=BodyType.BINARY))
            assert sent(binary, LAST, offers=offers, window=8) == [data, b"last\r\n"]
            with pytest.raises(CapabilityMissing):
                sent(binary)


PEOPLE = Envelope(Address("a@x.org"), [Address("b@y.org")])
SERVERS = {
    "stream": (PIPELINING, 0),
    "transaction": ((), 0),
    "window": (CHUNKING, 8),
}


def delivered(message: Message, form: BodyType, server: str) -> bytes:
    offers, window = SERVERS[server]
    (taken,) = sent(Plan(Parcel(PEOPLE, message), relay="").job(form), offers=offers, window=window)
    return taken


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("before", BREAKS)
def test_a_message_that_was_read_when_it_imitates_the_end_then_it_arrives_as_content(before: str, server: str) -> None:
    """Its bytes go as they are, but for line ends that no mail may have."""
    for end in ends(before):
        for data in contents(end):
            raw = b"From: a@x.org\r\nSubject: Hi\r\n\r\n" + data
            assert read(delivered(Message.parse(raw), BodyType.BINARY, server)) == normal(raw), data


@pytest.mark.parametrize("form", BodyType)
@pytest.mark.parametrize("before", BREAKS)
def test_a_composed_message_when_its_text_imitates_the_end_then_it_arrives_as_content(
    before: str, form: BodyType
) -> None:
    """In every form, in the text, the HTML and a file; a binary file is only sent by the octet."""
    builder = MessageBuilder().from_("a@x.org").to("b@y.org").subject("Hi")
    for end in ends(before):
        data = b"hello" + end + HIDDEN
        text = data.decode()
        message = builder.text(text).html(text).attach(data, filename="a.bin").attach(data, filename="a.txt").build()
        server = "window" if form is BodyType.BINARY else "stream"
        if form is not BodyType.BINARY:
            read(delivered(message, form, server))
        files = Message.parse(delivered(message, form, server)).attachments
        assert [file.data for file in files] == [data, data]


# -- what other servers make of it -------------------------------------------------------------------------------------


@cache
def all_ends() -> bytes:
    """One content with all of them, and commands behind each."""
    return b"".join(b"hello" + end + HIDDEN for before in BREAKS for end in ends(before))


def mails() -> list[Message]:
    read_ = Message.parse(b"From: a@x.org\r\nTo: b@y.org\r\nSubject: Hi\r\n\r\n" + all_ends())
    text = all_ends().decode()
    composed = MessageBuilder().from_("a@x.org").to("b@y.org").subject("Hi").text(text).attach(all_ends(), filename="a")
    return [read_, composed.build(), read_]


@pytest.mark.slow
def test_a_message_when_it_is_sent_to_aiosmtpd_then_nothing_is_smuggled() -> None:
    """Another implementation, which has its own idea of lines."""
    kept: list[bytes] = []

    class Keeper:
        async def handle_DATA(self, server: SMTP, session: Spoken, envelope: Enveloped) -> str:
            assert (envelope.mail_from, envelope.rcpt_tos) == ("a@x.org", ["b@y.org"])
            kept.append(envelope.original_content or b"")
            return "250 ok"

    controller = Controller(Keeper(), hostname="127.0.0.1", port=free_port(), auth_required=False)
    controller.start()
    try:
        with Mailer(f"smtp://127.0.0.1:{controller.port}?tls=off") as mailer:
            receipts = list(mailer.send_many((PEOPLE, one) for one in mails()))
    finally:
        controller.stop()
    assert all(receipt.is_complete for receipt in receipts)
    assert [read(one) for one in kept] == kept
    assert [len(kept), kept[0].endswith(normal(all_ends()))] == [3, True]


@pytest.mark.parametrize("extensions", [("PIPELINING",), (), ("PIPELINING", "CHUNKING"), ServerProfile().extensions])
def test_a_message_when_it_is_sent_to_our_server_then_nothing_is_smuggled(extensions: tuple[str, ...]) -> None:
    """Both sides of the house, in every way that they know."""
    postbox = Postbox()
    with (
        Listener(postbox, profile=ServerProfile(extensions=extensions)) as server,
        Mailer(f"smtp://127.0.0.1:{server.port}?tls=off") as mailer,
    ):
        receipts = list(mailer.send_many((PEOPLE, one) for one in mails()))
    assert all(receipt.is_complete for receipt in receipts)
    assert [(one.sender, one.recipients) for one in postbox.received] == [("a@x.org", ("b@y.org",))] * 3
    assert read(postbox.received[0].data).endswith(normal(all_ends()))


# -- what comes to our server ------------------------------------------------------------------------------------------

HELLO = b"EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\n"


def served(pieces: Iterable[bytes]) -> tuple[list[tuple[str, bytes]], bytes]:
    """Play a session over a wire that brings ``pieces``; the sender and content of each message taken, and what was said."""
    postbox, waiting, said, result = Postbox(), iter(pieces), b"", None
    conversation = serve(postbox, ServerProfile())
    while True:
        try:
            effect = conversation.send(result)
        except StopIteration:
            return [(one.sender, one.data) for one in postbox.received], said
        result = None
        match effect:
            case Read():
                result = next(waiting, b"")
            case Write(data):
                said += data
            case Call(deed):
                result = deed()


def true_end(data: bytes) -> int:
    """Where the first CRLF "." CRLF of what follows DATA begins, less its first CRLF."""
    return (b"\r\n" + data).find(b"\r\n.\r\n")


def unstuffed(data: bytes) -> bytes:
    return b"\r\n".join(line.removeprefix(b".") for line in data.split(b"\r\n"))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("before", BREAKS)
def test_server_when_a_false_end_comes_then_the_commands_behind_it_are_content(before: str, cut: Cut) -> None:
    """Whoever put them there wants them obeyed: a second message with another sender."""
    hidden = HIDDEN.removesuffix(b"\r\nevil\r\n.\r\n")
    for end in ends(before):
        for start in (b"", b"hello", b"hello\r\n"):
            data = start + end + hidden
            if true_end(data) >= 0:
                continue
            wire = HELLO + b"DATA\r\n" + data + b"\r\n.\r\nQUIT\r\n"
            taken, said = served(cut(wire))
            assert taken == [("a@x.org", unstuffed(data + b"\r\n"))], data
            assert said.endswith(b"221 2.0.0 Bye\r\n")


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("before", BREAKS)
def test_server_when_a_chunk_has_any_end_in_it_then_it_is_content(before: str, cut: Cut) -> None:
    """RFC 3030: octets are counted, and never looked at."""
    for end in ends(before):
        data = b"hello" + end + HIDDEN
        taken, _ = served(cut(HELLO + b"BDAT %d LAST\r\n" % len(data) + data + b"QUIT\r\n"))
        assert taken == [("a@x.org", data)]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\r\n", b"\0\r\n", b"\n\r"])
@pytest.mark.parametrize("command", [b"EHLO me", b"MAIL FROM:<a@x.org>", b"RCPT TO:<b@y.org>", b"DATA", b"NOOP"])
def test_server_when_a_command_does_not_end_with_crlf_then_no_message_is_taken(
    command: bytes, end: bytes, cut: Cut
) -> None:
    """A line that is one to us, and two to the next server, is refused."""
    wire = HELLO + b"NOOP\r\nDATA\r\nhello\r\n.\r\n"
    wire = wire.replace(command + b"\r\n", command + end)
    taken, _ = served(cut(wire))
    assert taken in ([], [("a@x.org", b"hello\r\n")] if command == b"NOOP" else [])


# -- anything at all ---------------------------------------------------------------------------------------------------

SIGNS = st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\0", b" "]), max_size=24).map(b"".join)


@given(SIGNS, st.sampled_from(sorted(WAYS)))
def test_content_of_anything_arrives_as_content(data: bytes, way: str) -> None:
    """One rule for all contents and all ways."""
    first, last = WAYS[way](data)
    assert (read(first), last) == (normal(data), b"last\r\n")


@given(st.lists(SIGNS, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
def test_content_of_any_pieces_arrives_as_content(pieces: list[bytes], stored: list[bool]) -> None:
    """Cut anywhere, in memory or not."""
    made = [Fetched((one,)) if is_stored else one for one, is_stored in zip(pieces, stored, strict=False)]
    assert sent(job(content(*made)), offers=()) == [normal(b"".join(pieces))]


@given(SIGNS, SIGNS, st.integers(min_value=1, max_value=9))
def test_server_when_it_hears_anything_then_data_ends_at_the_first_true_end(
    data: bytes, behind: bytes, step: int
) -> None:
    """And at the same place, however the network cuts it."""
    wire = data + b"\r\n.\r\n" + behind
    expected = unstuffed((b"\r\n" + wire)[: true_end(wire) + 2])[2:]
    whole = HELLO + b"DATA\r\n" + wire
    for pieces in ([whole], [whole[place : place + step] for place in range(0, len(whole), step)]):
        taken, _ = served(pieces)
        assert taken == [("a@x.org", expected)]


HOSTILE = st.lists(
    st.sampled_from(["\r", "\n", ".", "a", "\0", " ", "é", "\u2028", "\x85", "\f", "x" * 998, "=\r\n"]), max_size=12
).map("".join)


@given(HOSTILE, HOSTILE, HOSTILE, st.sampled_from(BodyType))
def test_wire_when_it_says_that_it_is_canonical_then_it_has_no_bare_cr_or_lf(
    text: str, html: str, file: str, form: BodyType
) -> None:
    """The sender does not look again. What is binary has no lines, and says nothing about them."""
    builder = MessageBuilder().from_("a@x.org").to("b@y.org").subject("Hi").text(text)
    data = file.encode()
    message = builder.html(html).attach(data, filename="a.bin").attach(data, filename="a.txt").build()
    for one in (message, builder.build(), Message.parse(bytes(message)), Message.parse(b"Subject: Hi\r\n\r\n" + data)):
        wire = one.wire(form)
        if wire.is_canonical and wire.body is not BodyType.BINARY:
            assert b"\r" not in bytes(wire).replace(b"\r\n", b"")
            assert b"\n" not in bytes(wire).replace(b"\r\n", b"")
