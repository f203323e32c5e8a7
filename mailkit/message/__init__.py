"""What a mail is: addresses, headers, attachments, messages and envelopes, all of them immutable values."""

from mailkit.message.address import Address, Addressee
from mailkit.message.alternative import Alternative
from mailkit.message.attachment import Attachment
from mailkit.message.builder import MessageBuilder
from mailkit.message.dsn import Dsn
from mailkit.message.envelope import Envelope
from mailkit.message.group import Group
from mailkit.message.headers import Field, Headers
from mailkit.message.message import Message
from mailkit.message.origin import Origin
from mailkit.message.purpose import MessageClass, Priority
from mailkit.message.rules import AttachmentRules
from mailkit.message.translation import Translation, TranslationType
from mailkit.message.wire import Wire

__all__ = [
    "Address",
    "Addressee",
    "Alternative",
    "Attachment",
    "AttachmentRules",
    "Dsn",
    "Envelope",
    "Field",
    "Group",
    "Headers",
    "Message",
    "MessageBuilder",
    "MessageClass",
    "Origin",
    "Priority",
    "Translation",
    "TranslationType",
    "Wire",
]
