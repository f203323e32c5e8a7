"""What a rendering gives, and the builder that it makes."""

from collections.abc import Callable
from dataclasses import dataclass

from mailkit.message import Attachment, MessageBuilder

__all__ = ["STEPS", "Rendered"]


def _unsubscribe(builder: MessageBuilder, value: str) -> MessageBuilder:
    is_mail = value.lower().startswith("mailto:")
    return builder.list_unsubscribe(mailto=value) if is_mail else builder.list_unsubscribe(url=value)


STEPS: dict[str, Callable[[MessageBuilder, str], MessageBuilder]] = {
    "from": MessageBuilder.from_,
    "sender": MessageBuilder.sender,
    "to": MessageBuilder.to,
    "cc": MessageBuilder.cc,
    "bcc": MessageBuilder.bcc,
    "reply-to": MessageBuilder.reply_to,
    "return-path": MessageBuilder.return_path,
    "message-id": MessageBuilder.message_id,
    "unsubscribe": _unsubscribe,
}
"""The header fields for which a builder has a step of its own."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template's output: header values by name in order, both bodies, the images that the HTML shows, and the calendar
    entry."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str | None
    embedded: tuple[Attachment, ...] = ()
    calendar: str | None = None

    @property
    def subject(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "subject"), "")

    def builder(self) -> MessageBuilder:
        """Return a builder with all of it. Raises MessageError for a header that cannot be written."""
        builder = MessageBuilder()
        for name, value in self.headers:
            step = STEPS.get(name.lower())
            if step is None:
                builder = builder.header(name, value)
            elif value:
                builder = step(builder, value)
        builder = builder.text(self.text)
        if self.html is not None:
            builder = builder.html(self.html)
        for image in self.embedded:
            builder = builder.embed(image, cid=image.cid)
        return builder.calendar(self.calendar) if self.calendar is not None else builder
