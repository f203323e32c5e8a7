"""The command line inside this process: what it printed, and how it ended."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mailkit.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


class _Wire(io.TextIOWrapper):
    """A standard stream that keeps what is written to it."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")

    def kept(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


Command = Callable[..., Ended]


def command_for(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs ``mailkit`` with its arguments, as :func:`mailkit.cli.main` does for the shell."""

    def run(*arguments: object, stdin: str | bytes = b"") -> Ended:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        with _Wire(given) as source, _Wire() as out, _Wire() as err, monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["mailkit", *map(str, arguments)])
            patch.setattr(sys, "stdin", source)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            return Ended(code, out.kept(), err.kept())

    return run
