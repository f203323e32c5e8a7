"""A spam filter that says what it was asked, for tests of what asks one."""

from mailkit.check import SpamVerdict, Symbol


class Filter:
    """A spam filter that says what it was asked."""

    name = "Filter at 127.0.0.1:783"

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, dict[str, object]]] = []

    def scan(self, raw: bytes, **envelope: object) -> SpamVerdict:
        self.asked.append((raw, envelope))
        return SpamVerdict(self.name, 6.5, 5.0, True, (Symbol("SHOUTING", 6.5, "All capitals"),))
