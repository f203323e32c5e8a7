"""Messages as files: one ``.eml`` with the exact bytes, and beside it the envelope as ``.json``."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from mailkit import clock
from mailkit.message import Envelope, Message
from mailkit.transport.base import Transport, all_accepted
from mailkit.transport.disk import check_folder, unwritable
from mailkit.transport.outcome import Outcome

__all__ = ["FileTransport"]


class FileTransport(Transport):
    """Writes each message into ``folder``, which is made when it is not there. Names sort by time."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.name = f"file:{self.folder}"

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        stem = f"{clock.now():%Y%m%dT%H%M%S.%f}-{clock.token()[:12]}"
        described: dict[str, object] = {
            "sender": envelope.sender.email if envelope.sender else None,
            "recipients": [recipient.email for recipient in envelope.recipients],
        }
        if envelope.dsn:
            described["dsn"] = asdict(envelope.dsn)
        if envelope.requires_tls:
            described["requires_tls"] = True
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(f"{stem}.json", (json.dumps(described, ensure_ascii=False, indent=2).encode(), b"\n"))
            self._write(f"{stem}.eml", message.wire().blocks())
        except OSError as error:
            raise unwritable(self.folder, error) from None
        return all_accepted(envelope, relay=self.name, text=f"written to {stem}.eml", queue_id=stem)

    def _write(self, name: str, blocks: Iterable[bytes]) -> None:
        # Whoever watches the folder must never see half a message.
        partial = self.folder / f".{name}.partial"
        try:
            with partial.open("wb") as file:
                for block in blocks:
                    file.write(block)
            partial.replace(self.folder / name)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def verify(self) -> tuple[str, ...]:
        check_folder(self.folder)
        return (f"can write to {self.folder}",)
