"""Composing: from values to bytes, against the standard library's EmailMessage."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from benchmarks.measure import compare
from mailkit import Attachment, MessageBuilder

TEXT = "Dear Zoë,\n\nthank you for your order. It is on its way.\n" * 12
HTML = f"<html><body>{'<p>Thank you for your order, Zoë. It is on its way.</p>' * 60}</body></html>"
PDF = bytes(range(256)) * 4096
SHARED = Attachment(PDF, filename="invoice.pdf")


def mailkit_receipt() -> bytes:
    return bytes(_builder().build())


def mailkit_invoice() -> bytes:
    return bytes(_builder().attach(SHARED).build())


def _builder() -> MessageBuilder:
    return (
        MessageBuilder()
        .from_("The Shop <shop@example.com>")
        .to(("Zoë Müller", "zoe@example.com"))
        .subject("Your receipt 1815, Zoë")
        .text(TEXT)
        .html(HTML)
    )


def stdlib_receipt() -> bytes:
    return _message().as_bytes()


def stdlib_invoice() -> bytes:
    message = _message()
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="invoice.pdf")
    return message.as_bytes()


def _message() -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = "The Shop <shop@example.com>"
    message["To"] = "Zoë Müller <zoe@example.com>"
    message["Subject"] = "Your receipt 1815, Zoë"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="example.com")
    message.set_content(TEXT)
    message.add_alternative(HTML, subtype="html")
    return message


def run() -> None:
    compare("A receipt, text and 4 KB of HTML", {"mailkit": mailkit_receipt, "EmailMessage": stdlib_receipt}, times=200)
    compare(
        "An invoice: the receipt with a shared 1 MB PDF",
        {"mailkit": mailkit_invoice, "EmailMessage": stdlib_invoice},
        times=5,
    )
