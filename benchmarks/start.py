"""The cost of ``import mailkit``, against that of the standard library's smtplib."""

import subprocess
import sys

from benchmarks.measure import compare


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def run() -> None:
    compare(
        "Starting Python with …",
        {
            "import mailkit": lambda: _python("import mailkit"),
            "MessageBuilder": lambda: _python("from mailkit import MessageBuilder"),
            "nothing": lambda: _python("pass"),
            "import smtplib": lambda: _python("import smtplib"),
        },
        times=5,
        unit="starts",
    )
