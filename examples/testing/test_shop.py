"""The shop's tests: with ``outbox`` where mailkit sends, with ``inbox`` where anything does."""

import pytest
from shop import order, remind, sign_up

from mailkit import Mailer
from mailkit.testing import InboxFixture, Outbox


def test_who_signs_up_gets_a_code(outbox: Outbox) -> None:
    """No server: whatever a mailer sends comes to the outbox."""
    with Mailer("smtp://mail.shop.example") as mailer:
        assert sign_up(mailer, "zoe@example.com", "417220")
    mail = outbox.only(to="zoe@example.com", subject="confirm")
    assert mail.code() == "417220"
    assert mail.links() == ("https://shop.example/confirm?code=417220",)


def test_an_address_that_does_not_exist_is_told(outbox: Outbox) -> None:
    """A server that refuses, without a server."""
    with Mailer("smtp://mail.shop.example") as mailer, outbox.fault("rcpt zoe@* 550"):
        assert not sign_up(mailer, "zoe@example.com", "417220")
    outbox.assert_none()


def test_a_server_that_is_busy_at_first_gets_it_in_the_end(inbox: InboxFixture) -> None:
    """A real conversation: the mailer is put off once, and comes again."""
    with Mailer(inbox.url) as mailer, inbox.fault("rcpt * greylist") as rule:
        assert sign_up(mailer, "zoe@example.com", "417220")
    assert inbox.rules.count(rule) == 1
    inbox.assert_sent(to="zoe@example.com", count=1)


def test_an_order_is_confirmed_and_booked(environ_inbox: InboxFixture) -> None:
    """In the background: wait for it. The blind copy is in the envelope only."""
    thread = order("zoe@example.com", 7)
    mail = environ_inbox.wait(to="zoe@example.com", subject="Order 7")
    thread.join()
    assert mail.bcc == ("books@example.com",)


def test_a_reminder_goes_out_by_smtplib(environ_inbox: InboxFixture) -> None:
    """What is no mailkit arrives just as well."""
    remind("zoe@example.com")
    assert "basket" in environ_inbox.only().subject


@pytest.mark.mailkit(guard=True)
def test_what_sends_nothing_sends_nothing() -> None:
    """Had it sent to another machine, it would have failed."""
