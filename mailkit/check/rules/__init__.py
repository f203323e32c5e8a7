"""Rules about messages that need nobody else, one family a file."""

__all__: list[str] = []
