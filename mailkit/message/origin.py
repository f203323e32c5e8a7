"""What a message was made from, for who looks at it in development."""

from dataclasses import asdict, dataclass

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """The template, the row of the list and the campaign of a message. It is never in the message's bytes: the development inbox
    alone is told of it, beside the envelope."""

    template: str = ""
    row: str = ""
    campaign: str = ""

    def facts(self) -> dict[str, str]:
        """Return what is known of it."""
        return {name: value for name, value in asdict(self).items() if value}
