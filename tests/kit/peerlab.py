"""Run by the Python of ``.peers``: each peer composes what its case asks for, and the bytes come out as JSON.

Nothing is sent. A case that raises is told as ``RAISED <class>``. It imports nothing of mailkit, nor of its tests.
"""

import asyncio
import base64
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from email.message import EmailMessage
from email.mime.text import MIMEText
from email.policy import SMTP
from pathlib import Path
from typing import BinaryIO

LETTERS = "überaus die die über Frühjahr überaus über"
INJECTING_NAME = "X-A\r\nX-Injected: yes\r\nX-B"


def django_local_part() -> bytes:
    from django.core.mail import EmailMessage as Mail

    return Mail("Hi", "text", "a@b.example", ["josé@example.com"]).message().as_bytes()


def django_idna() -> bytes:
    from django.core.mail import EmailMessage as Mail

    return Mail("Hi", "text", "a@b.example", ["x@straße.de"]).message().as_bytes()


def django_twice() -> bytes:
    from django.core.mail import EmailMultiAlternatives

    mail = EmailMultiAlternatives("Hi", "text", "a@b.example", ["x@b.example"])
    mail.attach_alternative("<p>html</p>", "text/html")
    return b"\0".join(mail.message().as_bytes() for _ in range(2))


def django_field() -> bytes:
    from django.core.mail import EmailMessage as Mail

    return Mail("Hi", "text", "a@b.example", ["x@b.example"], headers={INJECTING_NAME: "v"}).message().as_bytes()


def _emails(**given: object) -> bytes:
    import emails

    given = {"subject": "Hi", "text": "text", "mail_from": "a@b.example", "mail_to": "x@b.example", **given}
    return emails.Message(**given).as_bytes()


def emails_idna() -> bytes:
    return _emails(mail_to="x@straße.de")


def emails_local_part() -> bytes:
    return _emails(mail_to="josé@b.example")


def emails_field() -> bytes:
    return _emails(headers={INJECTING_NAME: "v"})


def emails_bare() -> bytes:
    return _emails()


def _redmail(**given: object) -> bytes:
    from redmail import EmailSender

    sender = EmailSender(host="localhost", port=1)
    given = {"subject": "Hi", "sender": "a@b.example", "receivers": ["x@b.example"], "text": "text", **given}
    return sender.get_message(**given).as_bytes()


def redmail_name() -> bytes:
    return _redmail(receivers=["Eve\r\nX-Injected: yes <e@x.example>", "x@b.example"])


def redmail_file_name() -> bytes:
    return _redmail(attachments={"a.txt\r\nX-Injected: yes": b"x"})


def redmail_field() -> bytes:
    return _redmail(headers={INJECTING_NAME: "v"})


def redmail_subject() -> bytes:
    return _redmail(subject=LETTERS)


def _mailmerge(template: str, **row: str) -> tuple[list[str], bytes]:
    from mailmerge.template_message import TemplateMessage

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "template.txt")
        path.write_text(template, encoding="utf-8")
        _, recipients, message = TemplateMessage(path).render(row)
    return recipients, message.as_bytes()


def mailmerge_row() -> bytes:
    template = "TO: {{email}}\nSUBJECT: Hi {{name}}\nFROM: a@b.example\n\ntext\n"
    recipients, _ = _mailmerge(template, email="x@b.example", name="Eve\nBcc: evil@x.example")
    return ", ".join(recipients).encode()


def mailmerge_name() -> bytes:
    return _mailmerge("TO: {{name}} <x@b.example>\nSUBJECT: Hi\nFROM: a@b.example\n\ntext\n", name="Zoë")[1]


def mailmerge_bare() -> bytes:
    return _mailmerge("TO: x@b.example\nSUBJECT: Hi\nFROM: a@b.example\n\ntext\n")[1]


def fastapi_order() -> bytes:
    from fastapi_mail import MessageSchema, MessageType
    from fastapi_mail.msg import MailMsg

    schema = MessageSchema(
        subject="Hi",
        recipients=["x@b.example"],
        body="<p>html</p>",
        alternative_body="text",
        subtype=MessageType.html,
        multipart_subtype="alternative",
    )
    return asyncio.run(MailMsg(schema)._message("a@b.example")).as_bytes()


def _yagmail(to: object, contents: list[str]) -> bytes:
    from yagmail.headers import resolve_addresses
    from yagmail.message import prepare_message

    addresses = resolve_addresses("a@b.example", "Ann", to, None, None)
    return prepare_message("a@b.example", "Ann", addresses, "Hi", contents, None, None, "utf-8").as_bytes()


def yagmail_text() -> bytes:
    return _yagmail("x@b.example", ["<b>Hello</b> &amp; bye"])


def yagmail_pair() -> bytes:
    return _yagmail({"x@b.example": "Ann Lee"}, ["text"])


def yagmail_idn() -> bytes:
    return _yagmail("zoe@bücher.example", ["text"])


def _envelope(to: str, subject: str) -> bytes:
    from envelope import Envelope

    return Envelope("text").to(to).from_("a@b.example").subject(subject).as_message().as_bytes()


def envelope_comma() -> bytes:
    return _envelope('"Doe, John" <to@example.com>', "Hi")


def envelope_subject() -> bytes:
    return _envelope("x@b.example", LETTERS)


def _btx(subject: str) -> bytes:
    import btx_lib_mail

    class Kept:
        """A transport, which is what btx calls an object with this method."""

        raw = b""

        def deliver(self, *, message: BinaryIO, **_: object) -> None:
            self.raw = message.read()

    kept = Kept()
    btx_lib_mail.send("a@b.example", "x@b.example", subject, "text", smtphosts=["localhost"], transport=kept)
    return kept.raw


def btx_bare() -> bytes:
    return _btx("Hi")


def btx_subject() -> bytes:
    return _btx(LETTERS)


def _standard(**fields: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    for name, value in {"From": "a@b.example", "To": "x@b.example", "Subject": "Hi", **fields}.items():
        message[name] = value
    message.set_content("text\n")
    return message


def standard_bcc() -> bytes:
    return _standard(Bcc="secret@b.example").as_bytes()


def standard_surrogate() -> bytes:
    message = _standard(Subject="half \ud83d")  # taken without a word
    return message.as_bytes()


def standard_bare() -> bytes:
    return _standard().as_bytes()


def standard_field() -> bytes:
    return _standard(**{INJECTING_NAME: "v"}).as_bytes()


def standard_idn() -> bytes:
    return _standard(To="x@straße.de").as_bytes()


def standard_file_name() -> bytes:
    message = _standard()
    message.add_attachment(b"x", maintype="text", subtype="csv", filename="Übersicht.csv")
    return message.as_bytes()


def standard_nul() -> bytes:
    message = _standard()
    message.set_content("a\0b\n")
    return message.as_bytes()


def mime_line_ends() -> bytes:
    return MIMEText("one\ntwo\n").as_bytes()


CASES: list[Callable[[], bytes]] = [
    *(django_local_part, django_idna, django_twice, django_field),
    *(emails_idna, emails_local_part, emails_bare, emails_field),
    *(redmail_name, redmail_file_name, redmail_field, redmail_subject),
    *(mailmerge_row, mailmerge_name, mailmerge_bare, fastapi_order, yagmail_text, yagmail_pair, yagmail_idn),
    *(envelope_comma, envelope_subject, btx_bare, btx_subject),
    *(standard_bcc, standard_surrogate, standard_bare, standard_field, standard_idn, standard_file_name, standard_nul),
    mime_line_ends,
]


def main() -> None:
    warnings.simplefilter("ignore")
    from django.conf import settings

    settings.configure(USE_I18N=False)
    made = {}
    for case in CASES:
        try:
            raw = case()
        except ImportError:
            raise  # a peer that is not there has not been tried
        except Exception as error:
            raw = f"RAISED {type(error).__name__}".encode()
        made[case.__name__] = base64.b64encode(raw).decode()
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
