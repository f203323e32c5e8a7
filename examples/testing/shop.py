"""A little shop that sends mail: at once, in the background, and with the standard library."""

import os
import smtplib
import threading
from email.message import EmailMessage

from mailkit import Mailer, MessageBuilder
from mailkit.errors import MailkitError

SHOP = "shop@example.com"


def sign_up(mailer: Mailer, address: str, code: str) -> bool:
    """Send a code to confirm an address with. False: it does not exist."""
    message = (
        MessageBuilder()
        .from_(SHOP)
        .to(address)
        .subject("Confirm your address")
        .html(f'<p>Your code is <b>{code}</b>, or <a href="https://shop.example/confirm?code={code}">click here</a>.')
        .text(f"Your code is {code}.")
        .build()
    )
    try:
        mailer.send(message)
    except MailkitError:
        return False
    return True


def order(address: str, number: int) -> threading.Thread:
    """Confirm an order in the background, so that nobody waits for the mail server."""
    thread = threading.Thread(target=_confirm, args=[address, number])
    thread.start()
    return thread


def _confirm(address: str, number: int) -> None:
    message = MessageBuilder().from_(SHOP).to(address).bcc("books@example.com").subject(f"Order {number}")
    with Mailer(os.environ["MAILKIT_URL"]) as mailer:
        mailer.send(message.text("Thank you.").build())


def remind(address: str) -> None:
    """Send as many an older program does."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SHOP, address, "You left something in your basket"
    message.set_content("Come back soon.")
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as client:
        client.send_message(message)
