"""Rules for attached files, for applications that attach what others choose."""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from mailkit.errors import AttachmentError
from mailkit.message.attachment import Attachment
from mailkit.message.filename import ending, is_program

__all__ = ["AttachmentRules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRules:
    """What may be attached. Give it to :meth:`MessageBuilder.attachment_rules`.

    As it stands it refuses programs, doubtful names and symbolic links; sizes, endings and a folder are set as needed.
    """

    max_size: int | None = None
    """Bytes of one file, before it is encoded (which adds 37 %)."""
    max_total: int | None = None
    """Bytes of all files of one message together."""
    endings: Collection[str] | None = None
    """The only endings to be taken, such as ``("pdf", "png")``. None: all."""
    folder: str | os.PathLike[str] | None = None
    """The only folder that paths may lead into, with what is below it."""
    symlinks: bool = False
    """Whether a path may be a symbolic link. It never leads out of ``folder``."""
    programs: bool = False
    """Whether files that run when they are opened may be attached (``.exe``, ``.js``, ``.lnk`` …)."""
    doubtful_names: bool = False
    """Whether names with :attr:`Attachment.concerns` may be attached."""

    def check_path(self, given: str | os.PathLike[str]) -> None:
        """Raise AttachmentError when ``given`` leads where it may not. Asked before the file is opened."""
        path = Path(given)
        if self.folder is not None:
            root = _real(Path(self.folder))
            if not _real(path).is_relative_to(root):
                raise AttachmentError(f"{str(path)!r} is not in {str(root)!r}", field="attachment rules")
            steps = [path.absolute(), *path.absolute().parents]
            links = [
                step for step in steps if step.is_symlink() and _real(step) != root and _real(step).is_relative_to(root)
            ]
        else:
            links = [path] if path.is_symlink() else []
        if links and not self.symlinks:
            raise AttachmentError(
                f"{str(path)!r} is reached by a symbolic link",
                field="attachment rules",
                hint="AttachmentRules(symlinks=True) follows links.",
            )

    def check(self, file: Attachment) -> None:
        """Raise AttachmentError when ``file`` may not be attached."""
        shown = repr(file.filename)
        if self.max_size is not None and file.size > self.max_size:
            raise AttachmentError(
                f"{shown} has {file.size:,} bytes; at most {self.max_size:,} are allowed", field="attachment rules"
            )
        if self.endings is not None and ending(file.filename) not in {one.lower().lstrip(".") for one in self.endings}:
            raise AttachmentError(
                f"{shown} does not end in {', '.join(sorted(self.endings))}", field="attachment rules"
            )
        if not self.programs and is_program(file.filename):
            raise AttachmentError(
                f"{shown} is a program (.{ending(file.filename)})",
                field="attachment rules",
                hint="Large providers refuse mail with programs in it. Link to it instead.",
            )
        doubts = () if self.doubtful_names or is_program(file.filename) else file.concerns
        if doubts:
            raise AttachmentError(f"the name {shown} has {doubts[0]}", field="attachment rules")

    def check_total(self, files: Iterable[Attachment]) -> None:
        """Raise AttachmentError when ``files`` together are too large."""
        total = sum(file.size for file in files)
        if self.max_total is not None and total > self.max_total:
            raise AttachmentError(
                f"the files have {total:,} bytes together; at most {self.max_total:,} are allowed",
                field="attachment rules",
            )


def _real(path: Path) -> Path:
    """Where a path leads in the end. Other than Path.resolve(), it does not fail for a loop of links."""
    return Path(os.path.realpath(path))
