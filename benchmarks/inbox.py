"""The inbox: how fast mail gets in beside aiosmtpd, sendria and MailDev, and how long a full one keeps people waiting.

``make bench BENCH=inbox``, or a part of it, such as ``python -m benchmarks inbox flood``. The parts ``archive`` and ``page`` take
minutes; BENCH_MAILS makes their inbox smaller. They need uvicorn and Playwright, which are where the tests run (``.venv``).
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from benchmarks.catchers import CATCHERS, ROOT, Catcher, aiosmtpd, mailkit
from benchmarks.send import Contender, race

_FEW = ("sendria", "MailDev")  # they are given fewer messages in a round

Shape = tuple[str, dict[str, int | bool], int]
"""What is said of how the mail is sent, how it is, and how much of it there is in a round."""

_ONE_BY_ONE: Shape = ("2 KB, one command at a time", {"size": 2_048}, 4_000)
_OTHERS: tuple[Shape, ...] = (
    ("2 KB, pipelined", {"size": 2_048, "is_pipelined": True}, 4_000),
    ("20 KB, one command at a time", {"size": 20_480}, 1_000),
)


def flood() -> None:
    with ExitStack() as running:
        started = {name: running.enter_context(catcher()) for name, catcher in CATCHERS.items()}
        found = {name: catcher for name, catcher in started.items() if catcher}
        _race(_ONE_BY_ONE, found, aims={next(iter(found)): 1.5})
    for shape in _OTHERS:
        with mailkit() as ours, aiosmtpd() as bare:
            first, *_, last = CATCHERS
            _race(shape, {first: ours, last: bare})


def _race(shape: Shape, catchers: dict[str, Catcher], *, aims: dict[str, float] | None = None) -> None:
    title, settings, count = shape
    contenders: dict[str, tuple[Contender, int]] = {
        name: (partial(catcher.flood, **settings), count // 5 if name in _FEW else count)  # type: ignore[arg-type]
        for name, catcher in catchers.items()
    }
    race(f"Mail that comes in over four connections: {title}", contenders, base=list(catchers)[-1], aims=aims or {})


def _in_tests_environment(part: str) -> None:
    python = ROOT / ".venv/bin/python"
    if not python.exists():
        print(f"\nThe part {part} is left out: it needs .venv, which make check builds")
        return
    subprocess.run([str(python), "-m", "benchmarks.crowded", part], check=True, cwd=ROOT)


PARTS: dict[str, Callable[[], None]] = {
    "flood": flood,
    "archive": partial(_in_tests_environment, "archive"),
    "page": partial(_in_tests_environment, "page"),
}


def run(*parts: str) -> None:
    if unknown := set(parts) - PARTS.keys():
        sys.exit(f"inbox has no part {', '.join(unknown)}; it has {', '.join(PARTS)}")
    for name in parts or PARTS:
        PARTS[name]()
