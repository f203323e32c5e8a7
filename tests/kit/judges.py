"""Two mail parsers of another ecosystem, in one process of Node, that say what they read in a message."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).parent.parent / "against" / "judges"
JUDGES = ("postal-mime", "mailparser")
END_WITHIN = 10.0


@dataclass(frozen=True)
class ReadFile:
    """A file as a judge read it."""

    filename: str
    type: str
    content: bytes = field(repr=False)
    cid: str
    disposition: str


@dataclass(frozen=True)
class ReadMessage:
    """A message as a judge read it. A body that it did not find is None."""

    subject: str
    from_: list[tuple[str, str]]
    to: list[tuple[str, str]]
    cc: list[tuple[str, str]]
    text: str | None
    html: str | None
    files: list[ReadFile]


@dataclass(frozen=True)
class Judges:
    """The running process. It answers one question after the other."""

    process: subprocess.Popen[bytes]

    @staticmethod
    def missing() -> str | None:
        """Say what keeps the judges from being started here, or None."""
        if shutil.which("node") is None:
            return "not installed: node"
        if not all((FOLDER / "node_modules" / name).is_dir() for name in JUDGES):
            return f"not installed: {' and '.join(JUDGES)} (bash .ci/install-judges)"
        return None

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Self]:
        """Run the process until the block ends."""
        command = [shutil.which("node") or "node", str(FOLDER / "judge.mjs")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                yield cls(process)
                assert process.stdin
                process.stdin.close()  # the end of its input is the end of the program
                process.wait(END_WITHIN)
            finally:
                if process.poll() is None:
                    process.kill()

    def read(self, judge: str, raw: bytes) -> ReadMessage:
        """Return what ``judge`` reads in ``raw``; fail when it cannot read it."""
        assert self.process.stdin
        assert self.process.stdout
        question = {"parser": judge, "raw": base64.b64encode(raw).decode()}
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the process has ended"}')
        assert "error" not in answer, f"{judge}: {answer['error']}"
        return ReadMessage(
            subject=answer.get("subject") or "",
            from_=_people(answer["from"]),
            to=_people(answer["to"]),
            cc=_people(answer["cc"]),
            text=answer.get("text"),
            html=answer.get("html"),
            files=[_file(one) for one in answer["attachments"]],
        )


def _people(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(one["name"], one["address"]) for one in found]


def _file(found: dict[str, Any]) -> ReadFile:
    return ReadFile(
        filename=found.get("filename") or "",
        type=found["type"],
        content=base64.b64decode(found["content"]),
        cid=found.get("cid") or "",
        disposition=found.get("disposition") or "",
    )
