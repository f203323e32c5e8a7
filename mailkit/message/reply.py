"""Answers: builders that begin where another message ended (RFC 5322 3.6.4, appendix A.2)."""

import re

from mailkit.message.address import Address
from mailkit.message.attachment import Attachment
from mailkit.message.builder import MessageBuilder
from mailkit.message.message import Message
from mailkit.mime.control import replace_controls

__all__ = ["forward", "reply"]

_REPLY_MARK = re.compile(r"^\s*(?:re|aw|sv|antw)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_FORWARD_MARK = re.compile(r"^\s*(?:fwd?|wg|tr)\s*:", re.IGNORECASE)
_IDENTIFIER = re.compile(r"<[^<>\s]+>")
_MOST_REFERENCES = 20  # the first and the newest: a thread of hundreds must still fit into its header


def reply(message: Message, *, to_all: bool, quote: bool) -> MessageBuilder:
    """Return a builder with recipients, subject, threading and, with ``quote``, the text as it was."""
    authors = message.reply_to or message.from_
    builder = MessageBuilder().to(authors).subject(_marked(message.subject, "Re: ", _REPLY_MARK))
    if to_all:
        known = {address.key for address in authors}
        builder = builder.cc([address for address in (*message.to, *message.cc) if address.key not in known])
    builder = _threaded(builder, message)
    return builder.text(_quoted(message)) if quote and message.text else builder


def forward(message: Message) -> MessageBuilder:
    """Return a builder with the message attached as it is, its subject marked, and the thread kept."""
    builder = MessageBuilder().subject(_marked(message.subject, "Fwd: ", _FORWARD_MARK))
    name = re.sub(r"[^\w .-]", "_", message.subject).strip(" .")[:80] or "message"
    return _threaded(builder, message).attach(Attachment.from_message(message, filename=f"{name}.eml"))


def _marked(subject: str, mark: str, already: re.Pattern[str]) -> str:
    clean = replace_controls(subject, by=" ")
    return clean if already.match(clean) else mark + clean


def _threaded(builder: MessageBuilder, message: Message) -> MessageBuilder:
    found = _IDENTIFIER.findall(message.message_id)
    if not found or not found[0].isascii():
        return builder
    # RFC 5322 3.6.4: References, or else a single In-Reply-To, with the message's own id behind.
    before = _IDENTIFIER.findall(message.headers.get("References", "")) or _IDENTIFIER.findall(
        message.headers.get("In-Reply-To", "")
    )
    thread = [identifier for identifier in before if identifier.isascii() and identifier != found[0]]
    if len(thread) > _MOST_REFERENCES:
        thread = [thread[0], *thread[-_MOST_REFERENCES + 1 :]]
    return builder.header("In-Reply-To", found[0]).header("References", " ".join([*thread, found[0]]))


def _quoted(message: Message) -> str:
    who = _called(message.from_[0]) if message.from_ else "Somebody"
    when = message.headers.get("Date", "")
    lines = (message.text or "").rstrip("\n").split("\n")
    # A line that is quoted already gets no space between the marks.
    quoted = [f">{line}" if line.startswith(">") else f"> {line}".rstrip(" ") for line in lines]
    intro = f"On {when}, {who} wrote:" if when else f"{who} wrote:"
    return "\n\n" + "\n".join([replace_controls(intro, by=" "), *quoted]) + "\n"


def _called(address: Address) -> str:
    return address.name or address.email
