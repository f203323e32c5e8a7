"""Any stream of commands and octets: how the network cuts it never changes what the server says, takes or obeys."""

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailkit.sansio import Call, Read, Write
from mailkit.smtp import Policy, Received, ServerProfile, serve
from tests.kit.feeding import bytewise, in_sevens, whole
from tests.property.test_fuzz import EXAMPLES

pytestmark = pytest.mark.slow  # hundreds of examples each

PROFILE = ServerProfile(host="mx", max_size=60, max_recipients=2)
EVIL = b"MAIL FROM:<evil@x.org>\r\nRCPT TO:<b@y.org>\r\n"

OCTETS = st.sampled_from([b"", b".\r\n", b"\r\n.\r\n", b"QUIT\r\n", EVIL, b"\0\xff\r", b"x" * 50]) | st.binary(
    max_size=30
)
CHUNKS = st.builds(
    lambda octets, last: b"BDAT %d%s\r\n%s" % (len(octets), last, octets), OCTETS, st.sampled_from([b"", b" LAST"])
)
DATA = OCTETS.map(lambda octets: b"DATA\r\n" + octets + b"\r\n.\r\n")
ENVELOPE = st.sampled_from(
    [
        b"MAIL FROM:<a@x.org>\r\nRCPT TO:<b@y.org>\r\n",
        b"MAIL FROM:<a@x.org> BODY=BINARYMIME RET=FULL ENVID=x+20y\r\nRCPT TO:<b@y.org> NOTIFY=NEVER\r\n",
        b"MAIL FROM:<>\r\n",
        b"RCPT TO:<c@y.org> ORCPT=rfc822;c+2B@y.org\r\n",
        "MAIL FROM:<zoë@x.org> SMTPUTF8\r\n".encode(),
    ]
)
OTHERS = st.sampled_from(
    [b"RSET\r\n", b"NOOP\r\n", b"EHLO me\r\n", b"HELO me\r\n", b"VRFY x\r\n", b"BDAT x\r\n", b"\r\n"]
)
STREAMS = st.lists(CHUNKS | CHUNKS | DATA | ENVELOPE | ENVELOPE | OTHERS | OCTETS, max_size=12).map(b"".join)


class Keeper(Policy):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.received: list[Received] = []

    def message(self, received: Received) -> None:
        self.received.append(received)


def served(pieces: Iterable[bytes]) -> tuple[bytes, list[Received]]:
    """Run a session over a network that cuts as ``pieces`` are, and then ends."""
    policy, said, waiting = Keeper(), b"", iter(pieces)
    conversation = serve(policy, PROFILE)
    result: object = None
    while True:
        try:
            effect = conversation.send(result)
        except StopIteration:
            return said, policy.received
        result = None
        match effect:
            case Write(data):
                said += data
            case Read():
                result = next(waiting, b"")
            case Call(deed):
                result = deed()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STREAMS)
def test_any_stream_when_cut_in_other_places_is_answered_and_taken_the_same(stream: bytes) -> None:
    """Where a command ends is decided by the bytes alone: that is what smuggling would need to be otherwise."""
    stream = b"EHLO me\r\n" + stream
    assert served(whole(stream)) == served(bytewise(stream)) == served(in_sevens(stream))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OCTETS, min_size=1, max_size=6))
def test_any_octets_when_sent_in_chunks_are_content_and_nothing_else(octets: list[bytes]) -> None:
    """Too large or not, none of them is ever obeyed."""
    last = len(octets) - 1
    chunks = [b"BDAT %d%s\r\n%s" % (len(one), b" LAST" * (place == last), one) for place, one in enumerate(octets)]
    stream = b"EHLO me\r\nMAIL FROM:<a@x.org> BODY=BINARYMIME\r\nRCPT TO:<b@y.org>\r\n" + b"".join(chunks) + b"NOOP\r\n"
    said, received = served(whole(stream))
    assert said.endswith(b"250 2.0.0 Still here\r\n")
    content = b"".join(octets)
    assert [one.data for one in received] == ([content] if len(content) <= PROFILE.max_size else [])
