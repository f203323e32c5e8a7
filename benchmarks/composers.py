"""The same message composed by mailkit and by each of its peers, as an application would with each of them.

Every function takes a task and returns the bytes that would be sent. What a library lacks (an alternative text, say) it
is not asked for. Peers that are not installed are left out: ``make peers`` installs them.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import formataddr, formatdate, make_msgid
from importlib.util import find_spec

from mailkit import Attachment, Message, MessageBuilder
from mailkit.mime.bodytype import BodyType

__all__ = ["COMPOSERS", "Task"]

SENDER = ("The Shop", "shop@example.com")
MADE_FROM = f"{SENDER[0]} <{SENDER[1]}>"


@dataclass(frozen=True)
class Task:
    """What is to be composed."""

    subject: str
    to: Sequence[tuple[str, str]]
    text: str
    html: str = ""
    pdf: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


_attachments: dict[int, Attachment] = {}


def mailkit(task: Task) -> bytes:
    """The form for a server with 8BITMIME, as Django, EmailMessage and redmail write it."""
    return bytes(_message(task).wire(BodyType.EIGHT_BIT))


def mailkit_seven_bit(task: Task) -> bytes:
    """The form for every server, as email.mime and emails write it."""
    return bytes(_message(task))


def _message(task: Task) -> Message:
    builder = MessageBuilder().from_(MADE_FROM).subject(task.subject)
    builder = builder.to(task.to[0]) if len(task.to) == 1 else builder.to(list(task.to))
    for name, value in task.headers.items():
        builder = builder.header(name, value)
    if task.text:
        builder = builder.text(task.text)
    if task.html:
        builder = builder.html(task.html)
    if task.pdf:
        # One Attachment for all messages, as the documentation shows it; no peer has the like.
        shared = _attachments.get(id(task.pdf)) or Attachment(task.pdf, filename="invoice.pdf")
        builder = builder.attach(_attachments.setdefault(id(task.pdf), shared))
    return builder.build()


def email_message(task: Task) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = MADE_FROM
    message["To"] = ", ".join(map(formataddr, task.to))
    message["Subject"] = task.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="example.com")
    for name, value in task.headers.items():
        message[name] = value
    if task.text:
        message.set_content(task.text)
    if task.html:
        message.add_alternative(task.html, subtype="html")
    if task.pdf:
        message.add_attachment(task.pdf, maintype="application", subtype="pdf", filename="invoice.pdf")
    return message.as_bytes()


def email_mime(task: Task) -> bytes:
    message: MIMEMultipart | MIMEText = MIMEText(task.text, "plain", "utf-8")
    if task.html:
        text, message = message, MIMEMultipart("alternative")
        message.attach(text)
        message.attach(MIMEText(task.html, "html", "utf-8"))
    if task.pdf:
        bodies, message = message, MIMEMultipart()
        message.attach(bodies)
        file = MIMEApplication(task.pdf, "pdf")
        file.add_header("Content-Disposition", "attachment", filename="invoice.pdf")
        message.attach(file)
    message["From"] = MADE_FROM
    message["To"] = ", ".join(map(formataddr, task.to))
    message["Subject"] = task.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="example.com")
    for name, value in task.headers.items():
        message[name] = value
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def _django() -> Callable[[Task], bytes]:
    from django.conf import settings
    from django.core.mail import EmailMultiAlternatives

    settings.configure(USE_I18N=False)

    def django(task: Task) -> bytes:
        message = EmailMultiAlternatives(
            task.subject, task.text, MADE_FROM, [formataddr(one, "utf-8") for one in task.to], headers=task.headers
        )
        if task.html:
            message.attach_alternative(task.html, "text/html")
        if task.pdf:
            message.attach("invoice.pdf", task.pdf, "application/pdf")
        return bytes(message.message().as_bytes(linesep="\r\n"))

    return django


def _emails() -> Callable[[Task], bytes]:
    import emails as library

    def emails(task: Task) -> bytes:
        message = library.Message(
            subject=task.subject,
            text=task.text or None,
            html=task.html or None,
            mail_from=SENDER,
            mail_to=list(task.to),
            headers=task.headers,
            message_id=library.MessageID(),
        )
        if task.pdf:
            message.attach(filename="invoice.pdf", data=task.pdf)
        return bytes(message.as_bytes())

    return emails


def _redmail() -> Callable[[Task], bytes]:
    from redmail import EmailSender

    sender = EmailSender(host="localhost", port=1)

    def redmail(task: Task) -> bytes:
        message = sender.get_message(
            subject=task.subject,
            sender=MADE_FROM,
            receivers=[formataddr(one) for one in task.to],
            text=task.text or None,
            html=task.html or None,
            attachments={"invoice.pdf": task.pdf} if task.pdf else None,
            headers=task.headers or None,
            use_jinja=False,
        )
        return bytes(message.as_bytes(policy=SMTP))

    return redmail


def _yagmail() -> Callable[[Task], bytes]:
    import yagmail as library
    from yagmail.message import prepare_message

    def yagmail(task: Task) -> bytes:
        file = io.BytesIO(task.pdf)
        file.name = "invoice.pdf"
        message = prepare_message(
            SENDER[1],
            SENDER[0],
            {"recipients": [address for _, address in task.to], "To": ", ".join(formataddr(one) for one in task.to)},
            task.subject,
            [library.raw(task.text)] if not task.html else [task.html],
            [file] if task.pdf else None,
            dict(task.headers),
            "utf-8",
            prettify_html=False,
        )
        return bytes(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))

    return yagmail


COMPOSERS: dict[str, Callable[[Task], bytes]] = {
    "mailkit": mailkit,
    "mailkit, 7 bits": mailkit_seven_bit,
    "EmailMessage": email_message,
    "email.mime": email_mime,
}
for _name, _made in {"Django": _django, "emails": _emails, "redmail": _redmail, "yagmail": _yagmail}.items():
    if find_spec(_name.lower()):
        COMPOSERS[_name] = _made()
