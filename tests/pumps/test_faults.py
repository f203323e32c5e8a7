"""One thing goes wrong in one phase of a session: what becomes of each message, whether it goes again, how often it arrives.

The server keeps whatever it may have taken (see :mod:`tests.kit.faults`), so that a copy too many shows. The tables are the
promise; :func:`check` says what no row of them may break.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from functools import cache

import pytest

from mailkit import Message, MessageBuilder, Receipt
from mailkit.delivery import Retry
from mailkit.errors import MailkitError
from mailkit.smtp import Profile
from mailkit.transport import SmtpSettings, SmtpTransport, Status, open_transport
from tests.kit.faults import Fault, FaultyServer, Phase
from tests.kit.peers import Authority
from tests.kit.twins import MAILERS, MailerTwin

PEOPLE = ("r1@example.com", "r2@example.com")
STYLES = {
    "pipelined": {"offers": ("PIPELINING",)},
    "one by one": {"offers": ()},
    "byte by byte": {"offers": ("PIPELINING",), "is_bytewise": True},
}
CHUNKING = ("PIPELINING", "CHUNKING")


class Impatient(SmtpSettings):
    """Waits no longer for the final reply than for any other. RFC 5321 says 600 s, which no test has."""

    __slots__ = ()

    def profile(self, local_host: str) -> Profile:
        profile = super().profile(local_host)
        return replace(profile, timeouts=replace(profile.timeouts, end_of_data=self.timeout))


def relay(server: FaultyServer, authority: Authority, *, window: int = 0) -> SmtpTransport:
    """The transport for a server: with TLS or a login where its fault lies there."""
    user = "ada:pw@" if server.phase is Phase.AUTH else ""
    options = "tls=required&ca=" + str(authority.ca_file) if server.tls else "tls=off&unsafe_plaintext_auth=yes"
    timeout = 0.15 if server.fault is Fault.STALL else 5
    found = open_transport(
        f"smtp://{user}localhost:{server.port}?{options}&timeout={timeout}&window={window}&hello=client.example.com"
    )
    assert isinstance(found, SmtpTransport)
    return SmtpTransport(Impatient(**{one.name: getattr(found.settings, one.name) for one in fields(SmtpSettings)}))


@cache
def message(number: int = 1, *, is_large: bool = False) -> Message:
    # Larger than all buffers between, so that its end cannot have left when the server stops reading.
    text = "much of it\n" * 800_000 if is_large else "Hello"
    built = MessageBuilder().from_("ada@example.com").to(*PEOPLE).subject(f"No. {number}").text(text)
    return built.message_id(f"<{number}.faults@example.com>").build()


TWICE = Retry(attempts=2, backoff=0.0)


@pytest.fixture(params=MAILERS, ids=["blocking", "asyncio"])
def mailer_of(request: pytest.FixtureRequest) -> MailerTwin:
    found: MailerTwin = request.param
    return found


def faulty(phase: Phase, fault: Fault, authority: Authority, **settings: object) -> FaultyServer:
    tls = authority.context() if phase in (Phase.STARTTLS, Phase.HANDSHAKE) else None
    return FaultyServer(phase, fault, tls=tls, **settings)  # type: ignore[arg-type]


def cells(table: str) -> Iterator[tuple[str, Fault, str]]:
    """Each cell of a table, with the name of its row and its column."""
    (_, *faults), *lines = (re.split(r"  +", line) for line in table.strip().splitlines())
    for name, *found in lines:
        yield from ((name, Fault(fault), cell) for fault, cell in zip(faults, found, strict=True) if cell != "-")


def copies(server: FaultyServer, number: int = 1) -> tuple[int, ...]:
    return tuple(server.kept[f"No. {number}", one] for one in PEOPLE)


def check(server: FaultyServer, receipts: Iterable[Receipt]) -> None:
    """What no row may break: nothing arrives twice, and nothing is said to have failed that may have arrived."""
    assert all(count == 1 for count in server.kept.values()), "a message has arrived twice"
    for receipt in receipts:
        number = receipt.message_id.partition(".")[0].strip("<")
        for outcome in receipt.outcomes:
            count = server.kept[f"No. {number}", outcome.recipient.email]
            if outcome.status is Status.ACCEPTED:
                assert count == 1, f"{outcome} was never taken"
            elif outcome.status is not Status.IN_DOUBT:
                assert count == 0, f"{outcome} may have been taken"


# -- one message -------------------------------------------------------------------------------------------------------

# The fault comes once, or in every connection; there are two attempts. A word is what becomes of the two recipients, how
# many connections it took, and the copies that were kept; the name of an error means one connection, and no copy.
WORDS = {
    "accepted": ("accepted accepted", 1, (1, 1)),
    "again": ("accepted accepted", 2, (1, 1)),  # deferred, and tried again over a fresh connection
    "in turn": ("accepted accepted", 1, (1, 1)),  # the second one was deferred, and he alone was tried again
    "in part": ("accepted refused", 1, (1, 0)),
    "in doubt": ("in doubt in doubt", 1, (1, 1)),  # never tried again
    "unknown": ("in doubt in doubt", 1, None),  # the same, but its end may not have reached the server
}
ALWAYS = {**WORDS, "again": ("RetriesExhausted", 2, (0, 0))}

ONE = """
phase         close     reset     stall     421       4xx       5xx            garbage   oversized  extra
greeting      again     again     again     again     again     ReplyError     again     again      again
EHLO          again     again     again     again     accepted  accepted       again     again      again
STARTTLS      again     again     again     again     again     TlsError       again     again      TlsError
handshake     again     again     again     TlsError  TlsError  TlsError       TlsError  TlsError   again
AUTH          again     again     again     again     again     AuthError      again     again      again
MAIL          again     again     again     again     again     SenderRefused  again     again      again
RCPT          again     again     again     again     in turn   in part        again     again      again
DATA          again     again     again     again     again     DataRefused    again     again      again
content       again     again     again     again     again     DataRefused    unknown   unknown    accepted
end of data   in doubt  in doubt  in doubt  again     again     DataRefused    in doubt  in doubt   accepted
half a line   in doubt  in doubt  in doubt  accepted  accepted  accepted       accepted  in doubt   accepted
half a reply  in doubt  in doubt  in doubt  in doubt  in doubt  in doubt       in doubt  in doubt   accepted
QUIT          accepted  accepted  -         accepted  accepted  accepted       accepted  accepted   accepted
"""
# STARTTLS and the handshake must not be asked for again in plain text; EHLO may be replaced by HELO. What is said in the
# middle of the content is taken for the verdict, since nobody reads before the end of data has left. A QUIT that is never
# answered is waited for at most five seconds; that is left out in these tables.


def of_one() -> Iterator[object]:
    """The cases of one message. What waits for a timeout, or sends much, is slow, and not played in all ways."""
    for name, fault, cell in cells(ONE):
        is_slow = fault is Fault.STALL or name == Phase.CONTENT
        for style in STYLES:
            if style == "byte by byte" and (is_slow or fault is Fault.EXTRA):
                continue  # a reply that is read before its extra one has come is another case
            if style == "one by one" and fault is Fault.STALL:
                continue
            for times in (1,) if is_slow or style != "pipelined" else (1, 99):
                mark = [pytest.mark.slow] if is_slow else []
                how_often = "once" if times == 1 else "always"
                identifier = f"{name}-{fault}-{style}-{how_often}"
                yield pytest.param(Phase(name), fault, cell, style, times, id=identifier, marks=mark)


@pytest.mark.parametrize(("phase", "fault", "word", "style", "times"), list(of_one()))
def test_send_when_one_thing_goes_wrong_then_the_table_says_how_it_ends(
    phase: Phase, fault: Fault, word: str, style: str, times: int, mailer_of: MailerTwin, authority: Authority
) -> None:
    """One message to two people, and two attempts."""
    receipt: Receipt | None = None
    with faulty(phase, fault, authority, times=times, **STYLES[style]) as server:
        with mailer_of(relay(server, authority), retry=TWICE) as mailer:
            try:
                receipt = mailer.send(message(is_large=phase is Phase.CONTENT))
                found = " ".join(one.status for one in receipt.outcomes)
            except MailkitError as error:
                receipt = getattr(error, "receipt", None)
                found = type(error).__name__
        copies = tuple(server.kept["No. 1", one] for one in PEOPLE)
    outcome, connections, kept = (WORDS if times == 1 else ALWAYS).get(word, (word, 1, (0, 0)))
    assert (found, server.connections) == (outcome, connections)
    assert kept in (copies, None)
    check(server, [receipt] if receipt else [])


@pytest.mark.parametrize("style", ["pipelined", "one by one"])
@pytest.mark.parametrize(
    "fault", [pytest.param(one, marks=pytest.mark.slow) if one is Fault.STALL else one for one in Fault]
)
def test_send_when_the_kept_connection_fails_then_the_next_message_takes_another(
    fault: Fault, style: str, mailer_of: MailerTwin, authority: Authority
) -> None:
    """It had served; its end says nothing about the message, and is not counted as an attempt."""
    with faulty(Phase.NEXT, fault, authority, **STYLES[style]) as server:
        with mailer_of(relay(server, authority), retry=Retry.NEVER) as mailer:
            receipts = [mailer.send(message(number)) for number in (1, 2)]
        assert server.came_by == {"No. 1": 1, "No. 2": 2}
    assert [one.attempts for receipt in receipts for one in receipt.accepted] == [1, 1, 1, 1]
    check(server, receipts)


# -- three messages ----------------------------------------------------------------------------------------------------

# One letter for each of the three: A accepted over the first connection, a accepted over another one; P in part, which
# is for the first recipient only; R refused; D in doubt. There are two attempts. The fault is in the second transaction,
# or while the first connection is opened.
MANY = """
phase         close  reset  stall  421       4xx       5xx         garbage   oversized  extra
greeting      aaa    aaa    aaa    aaa       aaa       ReplyError  aaa       aaa        aaa
EHLO          aaa    aaa    aaa    aaa       AAA       AAA         aaa       aaa        aaa
STARTTLS      aaa    aaa    aaa    aaa       aaa       TlsError    aaa       aaa        TlsError
handshake     aaa    aaa    aaa    TlsError  TlsError  TlsError    TlsError  TlsError   aaa
AUTH          aaa    aaa    aaa    aaa       aaa       AuthError   aaa       aaa        aaa
MAIL          Aaa    Aaa    Aaa    Aaa       Aaa       ARA         Aaa       Aaa        Aaa
RCPT          Aaa    Aaa    Aaa    Aaa       AAA       APA         Aaa       Aaa        Aaa
DATA          Aaa    Aaa    Aaa    Aaa       Aaa       ARA         Aaa       Aaa        Aaa
end of data   ADa    ADa    ADa    Aaa       AaA       ARA         ADa       ADa        AAa
half a line   ADa    ADa    ADa    AAa       AAA       AAA         AAA       ADa        AAa
half a reply  ADa    ADa    ADa    ADa       ADa       ADa         ADa       ADa        AAa
next message  AAa    AAa    AAa    AAa       AAa       AAa         AAa       AAa        AAa
"""
# After "451 later" no more is begun over a connection; by pipelining the third message was under way already.
ONE_BY_ONE = {("end of data", Fault.LATER): "Aaa"}

# By BDAT all three are under way at once. When the wire is lost, those whose octets have left are in doubt.
WINDOW = """
phase           close  reset  stall  421  4xx  5xx  garbage  oversized  extra
MAIL 1          DDD    DDD    DDD    aaa  aAA  RAA  DDD      DDD        AAA
MAIL 2          ADD    ADD    ADD    Aaa  AaA  ARA  ADD      ADD        AAA
MAIL 3          AAD    AAD    AAD    AAa  AAa  AAR  AAD      AAD        AAA
RCPT 1          DDD    DDD    DDD    aaa  AAA  PAA  DDD      DDD        AAA
RCPT 2          ADD    ADD    ADD    Aaa  AAA  APA  ADD      ADD        AAA
RCPT 3          AAD    AAD    AAD    AAa  AAA  AAP  AAD      AAD        AAA
end of data 1   DDD    DDD    DDD    aaa  aAA  RAA  DDD      DDD        AAA
end of data 2   ADD    ADD    ADD    Aaa  AaA  ARA  ADD      ADD        AAA
end of data 3   AAD    AAD    AAD    AAa  AAa  AAR  AAD      AAD        AAA
half a line 1   DDD    DDD    DDD    ADD  AAA  AAA  AAA      DDD        AAA
half a line 2   ADD    ADD    ADD    AAD  AAA  AAA  AAA      ADD        AAA
half a line 3   AAD    AAD    AAD    AAA  AAA  AAA  AAA      AAD        AAA
half a reply 1  DDD    DDD    DDD    DDD  DDD  DDD  DDD      DDD        AAA
half a reply 2  ADD    ADD    ADD    ADD  ADD  ADD  ADD      ADD        AAA
half a reply 3  AAD    AAD    AAD    AAD  AAD  AAD  AAD      AAD        AAA
next message 1  ADD    ADD    ADD    Aaa  ADD  ADD  ADD      ADD        AAA
next message 2  AAD    AAD    AAD    AAa  AAD  AAD  AAD      AAD        AAA
next message 3  AAA    AAA    -      AAA  AAA  AAA  AAA      AAA        AAA
"""
# "Half a line" and then "421 …" is one line that says 250, and a connection that is closed. An extra reply among so many
# cannot be told from those that were asked for, as long as none of them is a refusal.


def sent(server: FaultyServer, transport: SmtpTransport, mailer_of: MailerTwin) -> str:
    """Send three messages; the letters, or the name of the error that stopped them all."""
    messages = [message(number) for number in (1, 2, 3)]
    receipts: list[Receipt] = []
    with mailer_of(transport, retry=TWICE) as mailer:
        try:
            receipts += mailer.send_many(messages)
        except MailkitError as error:
            return type(error).__name__
    check(server, receipts)
    by_message = {receipt.message_id: receipt for receipt in receipts}
    assert len(by_message) == len(receipts)
    return "".join(_letter(by_message[one.message_id], server.came_by.get(one.subject, 0)) for one in messages)


def _letter(receipt: Receipt, came_by: int) -> str:
    match [one.status for one in receipt.outcomes]:
        case [Status.ACCEPTED, Status.ACCEPTED]:
            return "A" if came_by == 1 else "a"
        case [Status.ACCEPTED, Status.REFUSED]:
            return "P"
        case [Status.REFUSED, Status.REFUSED]:
            return "R"
        case [Status.IN_DOUBT, Status.IN_DOUBT]:
            return "D"
    return f"({receipt})"


def of_many() -> Iterator[object]:
    for name, fault, cell in cells(MANY):
        for style in STYLES:
            if style == "byte by byte" and (fault is Fault.EXTRA or name == Phase.NEXT):
                continue
            if fault is Fault.STALL and style != "pipelined":
                continue
            letters = ONE_BY_ONE.get((name, fault), cell) if style == "one by one" else cell
            mark = [pytest.mark.slow] if fault is Fault.STALL else []
            yield pytest.param(Phase(name), fault, letters, style, id=f"{name}-{fault}-{style}", marks=mark)


@pytest.mark.parametrize(("phase", "fault", "letters", "style"), list(of_many()))
def test_send_many_when_one_thing_goes_wrong_then_the_table_says_how_each_ends(
    phase: Phase, fault: Fault, letters: str, style: str, mailer_of: MailerTwin, authority: Authority
) -> None:
    """Three messages over one connection, each to two people."""
    with faulty(phase, fault, authority, nth=2, **STYLES[style]) as server:
        assert sent(server, relay(server, authority), mailer_of) == letters
        assert server.connections == 1 + any(letter == "a" for letter in letters)


def of_window() -> Iterator[object]:
    for name, fault, cell in cells(WINDOW):
        phase, _, nth = name.rpartition(" ")
        for is_bytewise in (False, True):
            if is_bytewise and (fault in (Fault.EXTRA, Fault.STALL) or phase == Phase.NEXT):
                continue
            mark = [pytest.mark.slow] if fault is Fault.STALL else []
            identifier = f"{name}-{fault}-{'byte by byte' if is_bytewise else 'whole'}"
            yield pytest.param(Phase(phase), int(nth), fault, cell, is_bytewise, id=identifier, marks=mark)


@pytest.mark.parametrize(("phase", "nth", "fault", "letters", "is_bytewise"), list(of_window()))
def test_send_many_when_one_thing_goes_wrong_in_a_window_then_the_table_says_how_each_ends(
    phase: Phase, nth: int, fault: Fault, letters: str, is_bytewise: bool, mailer_of: MailerTwin, authority: Authority
) -> None:
    """The first, the middle or the last of three transactions by BDAT."""
    with faulty(phase, fault, authority, nth=nth, offers=CHUNKING, is_bytewise=is_bytewise) as server:
        assert sent(server, relay(server, authority, window=16), mailer_of) == letters
        assert server.connections == 1 + any(letter == "a" for letter in letters)
