"""Compose, template and send e-mail: one message or a hundred thousand, safely.

::

    from mailkit import Mailer, MessageBuilder

    message = (
        MessageBuilder()
        .from_("Ada Lovelace <ada@example.com>")
        .to("zoë@exämple.com")
        .subject("Résumé")
        .text("Hello Zoë")
        .build()
    )
    with Mailer("smtp://user:password@mail.example.com:587") as mailer:
        receipt = mailer.send(message)

Names are loaded when they are first used, so that ``import mailkit`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailkit import errors
    from mailkit.bulk import Campaign, Report
    from mailkit.delivery import AsyncMailer, Mailer, Receipt, Retry, Throttle
    from mailkit.message import Address, Attachment, Dsn, Envelope, Headers, Message, MessageBuilder
    from mailkit.secret import Secret
    from mailkit.template import Templates
    from mailkit.transport import Outcome, Status, Transport, open_transport

__version__ = "0.1.0"

__all__ = [
    "Address",
    "AsyncMailer",
    "Attachment",
    "Campaign",
    "Dsn",
    "Envelope",
    "Headers",
    "Mailer",
    "Message",
    "MessageBuilder",
    "Outcome",
    "Receipt",
    "Report",
    "Retry",
    "Secret",
    "Status",
    "Templates",
    "Throttle",
    "Transport",
    "errors",
    "open_transport",
]

_HOMES = {
    "Address": "message",
    "AsyncMailer": "delivery",
    "Attachment": "message",
    "Campaign": "bulk",
    "Dsn": "message",
    "Envelope": "message",
    "Headers": "message",
    "Mailer": "delivery",
    "Message": "message",
    "MessageBuilder": "message",
    "Outcome": "transport",
    "Receipt": "delivery",
    "Report": "bulk",
    "Retry": "delivery",
    "Secret": "secret",
    "Status": "transport",
    "Templates": "template",
    "Throttle": "delivery",
    "Transport": "transport",
    "open_transport": "transport",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("mailkit.errors")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mailkit' has no attribute {name!r}")
    value = getattr(import_module(f"mailkit.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
