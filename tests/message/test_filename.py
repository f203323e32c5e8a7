"""Names of files that look like something else."""

import pytest

from mailkit import Attachment
from mailkit.message.filename import concerns, ending, is_program


@pytest.mark.parametrize(
    ("filename", "word"),
    [
        ("invoice\u202efdp.exe", "direction mark"),
        ("a\u2066b.pdf", "direction mark"),
        ("report\u200b.pdf", "nobody sees"),
        ("../../etc/passwd", "path separator"),
        ("C:\\autoexec.txt", "path separator"),
        ("report.pdf.", "a dot or a space at an end"),
        (" report.pdf", "a dot or a space at an end"),
        ("CON", "reserves"),
        ("nul.txt", "reserves"),
        ("com1.tar.gz", "reserves"),
        ("what?.pdf", "Windows does not take"),
        ("é" * 200 + ".pdf", "over 255 bytes"),
        ("invoice.pdf.exe", "a program (.exe)"),
        ("invoice.EXE ", "a program (.exe)"),
        ("invoice.e\u200bxe", "a program (.exe)"),
        ("invoice.ｅｘｅ", "a program (.exe)"),
    ],
)
def test_a_name_when_it_is_doubtful_says_so(filename: str, word: str) -> None:
    """In words that can be shown to a person."""
    assert any(word in concern for concern in concerns(filename))
    assert Attachment(b"", filename=filename).concerns == concerns(filename)


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "report.pdf",
        "Lebenslauf Zoë.pdf",
        "見積書.xlsx",
        "👨\u200d👩\u200d👧.png",
        "it's (1) [2].txt",
        "console.log",
        ".env",
    ],
)
def test_a_name_when_it_is_ordinary_is_of_no_concern(filename: str) -> None:
    """Emoji are made with joiners, and console.log is not CON."""
    assert concerns(filename) == ()


@pytest.mark.parametrize(
    ("filename", "found"),
    [("a.PDF", "pdf"), ("a.pdf. .", "pdf"), ("a", ""), ("a.tar.gz", "gz"), (".profile", "profile")],
)
def test_an_ending_when_asked_for_is_what_a_system_sees(filename: str, found: str) -> None:
    """Windows drops dots and spaces at the end."""
    assert ending(filename) == found
    assert not is_program(filename)
