"""Hostile lists of recipients: rows, good or bad, or one error that says where; and what was written is read back."""

import csv
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailkit import Templates
from mailkit.bulk.addressing import Addressing
from mailkit.bulk.composer import Composer
from mailkit.bulk.recipients import Recipients, Row
from mailkit.errors import MessageError, RecipientsError
from tests.property.test_compose import legal_lines
from tests.property.test_fuzz import FUZZ, pieces

pytestmark = pytest.mark.slow  # hundreds of examples each

FORMATS = ("csv", "tsv", "json", "jsonl", "xlsx")
BYTES = st.lists(
    st.sampled_from(
        [
            *(b",", b";", b"\t", b'"', b'""', b"\n", b"\r", b"\r\n", b"\0", b" ", b"sep=;\n", b"email", b"a@b.example"),
            *(b"[", b"]", b"{", b"}", b":", b'{"email": "a@b.example"}', b'{"a":', b"null", b"-1.5e", b"NaN", b"\\u"),
            *(b'"\\ud83d', b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xfe\0\0", b"\xeb", b"\xc3", b"PK\x03\x04", b"\x1f\x8b"),
        ]
    )
    | st.binary(max_size=8),
    max_size=40,
).map(b"".join)
# What a cell may hold and a text file can: no half characters; blanks at its ends are taken off.
CELLS = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | pieces(*(",", ";", "\t", "|", '"', "\n", "\r\n", "'", "=1+1", "é", "🎉", " "))
).map(lambda text: text.replace("\0", ""))


def read(path: Path, content: bytes, **options: str) -> list[Row]:
    """The rows, which are rows whatever the content is; none when the list as a whole is refused."""
    path.write_bytes(content)
    found, told = [], str(path)
    try:
        found = list(Recipients(path, **options).rows())
    except RecipientsError as error:
        told = f"{error} {error.hint}"
    assert told.startswith(str(path))
    told.encode()
    lines = [row.line for row in found]
    assert lines == sorted(set(lines))
    for row in found:
        assert bool(row.problem) != bool(row.data)
        json.dumps(row.data, ensure_ascii=False).encode()
        row.problem.encode()
    return found


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists") / "people"


@FUZZ
@given(BYTES, st.sampled_from(FORMATS), st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-7", "idna"]))
@example(b'"' * 5000, "csv", "utf-8")
@example(b'email\n"' + b"a\n" * 5000, "csv", "utf-8")
@example(b"," * 50_000, "csv", "utf-8")
@example(b",".join(b"%d" % number for number in range(50_000)), "csv", "utf-8")
@example(b"[" * 50_000, "json", "utf-8")
@example(b'[{"a":' * 50_000, "json", "utf-8")
@example(b"[" + b"1," * 50_000, "json", "utf-8")
@example(b'["' + b"\\" * 200_000, "json", "utf-8")
@example(b"[" + b"1" * 200_000, "json", "utf-8")
def test_hostile_bytes_when_read_as_a_list_are_rows_or_one_error(
    path: Path, content: bytes, format: str, encoding: str
) -> None:
    """Nothing else comes out of any reader, and no row without a line of its own."""
    read(path, content, format=format, encoding="utf-8" if format == "xlsx" else encoding)  # a workbook has none


def _workbook() -> dict[str, bytes]:
    book = openpyxl.Workbook()
    for line in (["email", "name"], ["a@b.example", 1.5], ["c@d.example", True], [None, "x"]):
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_PARTS = _workbook()


@settings(FUZZ, max_examples=FUZZ.max_examples // 2)
@given(st.sampled_from(sorted(_PARTS)), st.integers(0, 3000), st.integers(0, 40), BYTES | st.just(b""))
def test_a_hostile_workbook_when_read_is_rows_or_one_error(
    path: Path, part: str, start: int, count: int, content: bytes
) -> None:
    """Whichever part of it is broken, and wherever."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, old in _PARTS.items():
            at = start % (len(old) + 1)
            archive.writestr(name, old[:at] + content + old[at + count :] if name == part else old)
    read(path, file.getvalue(), format="xlsx")


@FUZZ
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_table_when_written_and_read_is_the_same_but_for_blanks(
    path: Path, lines: list[list[str]], delimiter: str, end: str, encoding: str
) -> None:
    """Whatever the cells hold, and whichever delimiter, line end and encoding the program has that wrote it."""
    file = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if end == "\n" else csv.QUOTE_MINIMAL  # Python's writer leaves a CR unquoted then
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([["email", "name, or so", "x"], *lines])
    trimmed = [[cell.strip() for cell in line] for line in lines]
    found = read(path, file.getvalue().encode(encoding), format="csv")
    assert [list(row.data.values()) for row in found] == [line for line in trimmed if any(line)]


@FUZZ
@given(
    st.lists(
        st.dictionaries(
            st.from_regex(r"[a-z]{1,3}", fullmatch=True),
            CELLS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
            max_size=4,
        ),
        max_size=6,
    ),
    st.booleans(),
    st.none() | st.integers(0, 3),
)
def test_json_when_written_and_read_is_the_same(
    path: Path, lines: list[dict[str, object]], ascii: bool, indent: int | None
) -> None:
    """As an array, however it is laid out, and as lines."""
    kept = [
        one
        for one in lines
        if any(not (value is None or (isinstance(value, str) and not value.strip())) for value in one.values())
    ]
    array = json.dumps(lines, ensure_ascii=ascii, indent=indent)
    assert [row.data for row in read(path, array.encode(), format="json")] == kept
    text = "".join(json.dumps(one, ensure_ascii=ascii) + "\n" for one in lines)
    assert [row.data for row in read(path, text.encode(), format="jsonl")] == kept


_COMPOSER = Composer(
    Templates({"a.txt": "From: ada@example.com\nSubject: x\n\nx"}), "a.txt", addressing=Addressing(), folder="."
)


@FUZZ
@given(
    st.dictionaries(
        st.sampled_from(["cc", "bcc", "reply-to", "header:X-A", "header:List-Unsubscribe", "to-name", "attachments"])
        | pieces("header:", "cc", "to", " ", "-"),
        CELLS
        | pieces("a@b.example", ",", "\r\nBcc: ", "<", ">", ":", ";", "../", "/etc/passwd")
        | st.none()
        | st.integers(),
        max_size=4,
    )
)
def test_a_hostile_row_when_composed_is_one_legal_message_or_a_message_error(data: dict[str, object]) -> None:
    """No cell can add a field, a recipient that it does not show, or a file."""
    try:
        builder, recipient = _COMPOSER.compose({**data, "email": "zoe@example.com"})
        message = builder.build()
    except MessageError:
        return
    legal_lines(bytes(message))
    assert recipient.email
    assert not message.attachments
    assert {name.lower() for name in message.headers} <= {
        *("from", "to", "cc", "reply-to", "subject", "date", "message-id", "mime-version"),
        *(name.strip().lower().removeprefix("header:").strip() for name in data),
    }
