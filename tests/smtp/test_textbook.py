"""The dialogue that every networking course shows: Alice of crepes.fr asks Bob of hamburger.edu about condiments."""

import pytest

from mailkit.sansio import Conversation
from mailkit.smtp import Answer, Client, Content, Policy, Profile, Received, Reply, ServerProfile, StartTlsPolicy, serve
from mailkit.testing.peer import Hears, Says, ScriptedPeer

QUESTIONS = b"Do you like ketchup?\r\nHow about pickles?\r\n"


@pytest.mark.parametrize("bytewise", [False, True])
def test_client_when_it_speaks_as_alice_then_every_line_is_the_textbooks(bytewise: bool) -> None:
    """A server of 1982 knows HELO only, and the client goes along."""
    script = [
        Says(b"220 hamburger.edu\r\n"),
        Hears(b"EHLO crepes.fr\r\n"),
        Says(b"500 Command unrecognized\r\n"),
        Hears(b"HELO crepes.fr\r\n"),
        Says(b"250 Hello crepes.fr, pleased to meet you\r\n"),
        Hears(b"MAIL FROM:<alice@crepes.fr>\r\n"),
        Says(b"250 alice@crepes.fr... Sender ok\r\n"),
        Hears(b"RCPT TO:<bob@hamburger.edu>\r\n"),
        Says(b"250 bob@hamburger.edu... Recipient ok\r\n"),
        Hears(b"DATA\r\n"),
        Says(b'354 Enter mail, end with "." on a line by itself\r\n'),
        Hears(QUESTIONS),
        Hears(b".\r\n"),
        Says(b"250 Message accepted for delivery\r\n"),
        Hears(b"QUIT\r\n"),
        Says(b"221 hamburger.edu closing connection\r\n"),
    ]
    client = Client(Profile("crepes.fr", starttls=StartTlsPolicy.OFF))

    def alice() -> Conversation[tuple[Answer, ...]]:
        yield from client.open()
        answers = yield from client.deliver("alice@crepes.fr", ["bob@hamburger.edu"], Content.of(QUESTIONS))
        yield from client.quit()
        return answers

    (answer,) = ScriptedPeer(script, bytewise=bytewise).run(alice())
    assert answer.reply == Reply(250, ("Message accepted for delivery",))


class Hamburger(Policy):
    """Words its replies as the textbook does."""

    def __init__(self) -> None:
        self.received: list[Received] = []

    def message(self, received: Received) -> Reply | None:
        self.received.append(received)
        return Reply.of(250, "Message accepted for delivery")


@pytest.mark.parametrize("bytewise", [False, True])
def test_server_when_alice_speaks_then_it_takes_her_questions(bytewise: bool) -> None:
    """The same dialogue from the other side."""
    script = [
        Hears(b"220 hamburger.edu ESMTP mailkit\r\n"),
        Says(b"HELO crepes.fr\r\n"),
        Hears(b"250 hamburger.edu Hello crepes.fr\r\n"),
        Says(b"MAIL FROM: <alice@crepes.fr>\r\n"),
        Hears(b"250 Sender ok\r\n"),
        Says(b"RCPT TO: <bob@hamburger.edu>\r\n"),
        Hears(b"250 Recipient ok\r\n"),
        Says(b"DATA\r\n"),
        Hears(b"354 End data with <CR><LF>.<CR><LF>\r\n"),
        Says(QUESTIONS + b".\r\n"),
        Hears(b"250 Message accepted for delivery\r\n"),
        Says(b"QUIT\r\n"),
        Hears(b"221 Bye\r\n"),
    ]
    hamburger = Hamburger()
    ScriptedPeer(script, bytewise=bytewise).run(serve(hamburger, ServerProfile(host="hamburger.edu")))
    (received,) = hamburger.received
    assert (received.sender, received.recipients) == ("alice@crepes.fr", ("bob@hamburger.edu",))
    assert received.data == QUESTIONS
