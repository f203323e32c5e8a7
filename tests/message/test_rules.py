"""Rules for files that others choose."""

import io
from pathlib import Path

import pytest

from mailkit import Attachment, MessageBuilder
from mailkit.errors import AttachmentError
from mailkit.message import AttachmentRules

B = MessageBuilder().from_("a@b.example").to("c@d.example")


@pytest.mark.parametrize(
    ("rules", "filename", "data", "problem"),
    [
        (AttachmentRules(max_size=10), "a.pdf", b"x" * 11, r"'a\.pdf' has 11 bytes; at most 10 are allowed"),
        (AttachmentRules(endings=["pdf", ".PNG"]), "a.gif", b"x", r"'a\.gif' does not end in"),
        (AttachmentRules(endings=["pdf"]), "pdf", b"x", "does not end in pdf"),
        (AttachmentRules(), "setup.exe", b"MZ", r"is a program \(\.exe\)"),
        (AttachmentRules(), "invoice.pdf.js ", b"x", r"is a program \(\.js\)"),
        (AttachmentRules(), "a\u202eb.pdf", b"x", "has a direction mark"),
        (AttachmentRules(), "../a.pdf", b"x", "has a path separator"),
    ],
)
def test_a_file_when_a_rule_forbids_it_is_refused(
    rules: AttachmentRules, filename: str, data: bytes, problem: str
) -> None:
    """By attach, by embed, from a stream, and when it was attached before the rules came."""
    builder = B.attachment_rules(rules)
    file = Attachment(data, filename=filename, type="image/png")
    for attempt in (
        lambda: builder.attach(file),
        lambda: builder.attach(data, filename=filename),
        lambda: builder.attach(io.BytesIO(data), filename=filename),
        lambda: builder.embed(file, cid="x"),
        lambda: B.attach(file).attachment_rules(rules),
        lambda: B.embed(file, cid="x").attachment_rules(rules),
    ):
        with pytest.raises(AttachmentError, match=f"^attachment rules: .*{problem}"):
            attempt()
    assert B.attach(file).build().attachments == (file,)


def test_a_file_when_the_rules_allow_it_is_attached(tmp_path: Path) -> None:
    """Sizes are inclusive, endings have no case, and what is switched off is not asked."""
    rules = AttachmentRules(max_size=3, max_total=6, endings=("PDF", ".exe"), programs=True, doubtful_names=True)
    builder = B.attachment_rules(rules).attach(b"abc", filename="a.pdf").attach(b"abc", filename="../x.EXE")
    assert len(builder.build().attachments) == 2


def test_files_when_too_large_together_are_refused_at_build() -> None:
    """Embedded ones count."""
    builder = B.attachment_rules(AttachmentRules(max_total=5)).attach(b"abc", filename="a.pdf")
    builder = builder.embed(b"abc", cid="x", filename="a.png")
    with pytest.raises(AttachmentError, match="6 bytes together; at most 5"):
        builder.build()


def test_a_path_when_it_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """By dots, from the root, or through a link, even where links are allowed."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "in.pdf").write_bytes(b"in")
    (tmp_path / "secret.pdf").write_bytes(b"secret")
    (folder / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    (folder / "loop.pdf").symlink_to(folder / "loop.pdf")
    builder = B.attachment_rules(AttachmentRules(folder=folder, symlinks=True))
    for path in (folder / ".." / "secret.pdf", "/etc/hostname", folder / "link.pdf"):
        with pytest.raises(AttachmentError, match="is not in"):
            builder.attach(path)
    with pytest.raises(AttachmentError):
        builder.attach(folder / "loop.pdf")
    assert builder.attach(folder / "in.pdf").build().attachments[0].data == b"in"


def test_a_path_when_it_is_a_link_is_refused_unless_links_are_allowed(tmp_path: Path) -> None:
    """A link inside the folder is one too, also when a folder on the way is the link."""
    folder = tmp_path / "files"
    (folder / "real").mkdir(parents=True)
    (folder / "real" / "in.pdf").write_bytes(b"in")
    (folder / "link").symlink_to(folder / "real")
    (folder / "link.pdf").symlink_to(folder / "real" / "in.pdf")
    for rules in (AttachmentRules(folder=folder), AttachmentRules()):
        with pytest.raises(AttachmentError, match="symbolic link") as caught:
            B.attachment_rules(rules).attach(folder / "link.pdf")
        assert "symlinks=True" in caught.value.hint
    with pytest.raises(AttachmentError, match="symbolic link"):
        B.attachment_rules(AttachmentRules(folder=folder)).attach(folder / "link" / "in.pdf")
    follows = B.attachment_rules(AttachmentRules(folder=folder, symlinks=True))
    assert follows.attach(folder / "link" / "in.pdf").attach(folder / "link.pdf").build()
    assert B.attachment_rules(AttachmentRules(folder=folder)).attach(folder / "real" / "in.pdf").build()
