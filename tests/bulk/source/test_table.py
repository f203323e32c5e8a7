"""CSV and TSV."""

import csv
from pathlib import Path

import pytest

from mailkit.bulk.recipients import Recipients, Row
from mailkit.errors import ConfigError, RecipientsError
from tests.kit.lists import data, rows

ZOE = {"email": "zoe@example.com", "name": "Zoë"}
TEXT = "email,name\nzoe@example.com,Zoë\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom", "utf-32"])
def test_table_when_it_has_a_byte_order_mark_then_the_first_column_is_there(tmp_path: Path, encoding: str) -> None:
    """Excel's byte order mark does not hide the first column; "Unicode text" is read too."""
    bom = {"utf-16-le-bom": b"\xff\xfe", "utf-16-be-bom": b"\xfe\xff"}.get(encoding, b"")
    assert data(tmp_path, bom + TEXT.encode(encoding.removesuffix("-bom"))) == [ZOE]


def test_table_when_there_are_two_byte_order_marks_then_the_first_column_is_there(tmp_path: Path) -> None:
    """Programs that add a mark to a file that has one do not hide it either."""
    assert data(tmp_path, "\ufeff\ufeff" + TEXT) == [ZOE]


def test_table_when_its_encoding_is_another_then_the_line_and_the_way_out_are_told(tmp_path: Path) -> None:
    """A list from an old program is not read wrongly, and not half."""
    content = b"email,name\na@example.com,Ann\nzoe@example.com,Zo\xeb\n"
    with pytest.raises(RecipientsError, match=r"not UTF-8 \(byte 0xeb\)") as caught:
        rows(tmp_path, content)
    assert caught.value.line == 3
    assert "--encoding cp1252" in caught.value.hint
    assert data(tmp_path, content, encoding="cp1252")[1]["name"] == "Zoë"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_table_when_its_encoding_is_another_far_down_then_the_line_is_right(tmp_path: Path, end: str) -> None:
    """Also beyond the first block that is read, and wherever the end of a block cuts a line's end."""
    for shift in range(20):
        content = "x" * shift + f"email,name{end}" + f"a@example.com,Ann{end}" * 5000
        with pytest.raises(RecipientsError) as caught:
            rows(tmp_path, content.encode() + b"\xebmile@example.com,E\n")
        assert caught.value.line == 5002


def test_table_when_a_bad_byte_begins_a_line_after_a_cr_then_the_line_is_right(tmp_path: Path) -> None:
    """A CR that could still become a CRLF counts."""
    with pytest.raises(RecipientsError) as caught:
        rows(tmp_path, b"email,name\ra@example.com,A\r\xeb")
    assert caught.value.line == 3


def test_table_when_its_end_is_cut_off_within_a_character_then_it_is_told(tmp_path: Path) -> None:
    """The last bytes count as well, and the line of UTF-16 is found too."""
    with pytest.raises(RecipientsError, match="not UTF-8") as caught:
        rows(tmp_path, TEXT.encode() + b"zoe@example.com,Zo\xc3")
    assert caught.value.line == 3
    with pytest.raises(RecipientsError, match="not UTF-16") as caught:
        rows(tmp_path, (TEXT + "zoe@example.com,Zoë").encode("utf-16")[:-1])
    assert caught.value.line == 3


def test_table_when_it_is_not_in_the_told_encoding_then_the_hint_is_another(tmp_path: Path) -> None:
    """Whoever said cp1252 is not told to say cp1252."""
    with pytest.raises(RecipientsError, match=r"not CP1252 \(byte 0x81\)") as caught:
        rows(tmp_path, b"email\n\x81@example.com\n", encoding="cp1252")
    assert "cp1252" not in caught.value.hint


@pytest.mark.parametrize("encoding", ["nope", "base64", "utf-8\0", ""])
def test_table_when_the_told_encoding_is_unknown_then_it_is_refused(tmp_path: Path, encoding: str) -> None:
    """A misspelt encoding is told."""
    with pytest.raises(RecipientsError, match="encoding"):
        rows(tmp_path, TEXT, encoding=encoding)


def test_table_when_it_is_utf_16_without_a_mark_then_the_encoding_is_asked_for(tmp_path: Path) -> None:
    """It would be text full of NULs."""
    content = TEXT.encode("utf-16-le")
    with pytest.raises(RecipientsError, match="NUL bytes") as caught:
        rows(tmp_path, content.replace("ë".encode("utf-16-le"), b"e\0"))
    assert "--encoding utf-16-le" in caught.value.hint
    assert data(tmp_path, content, encoding="utf-16-le") == [ZOE]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_table_when_its_delimiter_is_any_then_it_is_found_out(tmp_path: Path, delimiter: str, end: str) -> None:
    """The header tells the delimiter; line ends are those of any system."""
    text = f"email{delimiter}name{end}zoe@example.com{delimiter}Zoë{end}"
    assert data(tmp_path, text) == [ZOE]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '"email, of work";name\na@example.com;"x, y | z"\n',
            {"email, of work": "a@example.com", "name": "x, y | z"},
        ),
        (
            '"the, first,\nname, and last";email\nZoë;a@example.com\n',
            {"the, first,\nname, and last": "Zoë", "email": "a@example.com"},
        ),
        ('email;"a ""b"", c, d"\na@example.com;x\n', {"email": "a@example.com", 'a "b", c, d': "x"}),
        ("email\na@example.com\n", {"email": "a@example.com"}),
    ],
)
def test_table_when_other_delimiters_are_in_its_cells_then_they_do_not_decide(
    tmp_path: Path, text: str, found: dict[str, str]
) -> None:
    """What stands within quotes, or below the header, is not looked at."""
    assert data(tmp_path, text) == [found]


def test_table_when_a_delimiter_is_given_then_it_is_obeyed(tmp_path: Path) -> None:
    """Whoever says the delimiter is believed, before Excel's own first line that says it."""
    assert data(tmp_path, "email:a,b\nx@example.com:1,2\n", delimiter=":") == [{"email": "x@example.com", "a,b": "1,2"}]
    assert data(tmp_path, "sep=;\nemail:a\nx@example.com:1\n", delimiter=":") == [{"email": "x@example.com", "a": "1"}]


@pytest.mark.parametrize("delimiter", [";;", "\n", "\r", '"'])
def test_table_when_the_given_delimiter_is_impossible_then_it_is_refused(tmp_path: Path, delimiter: str) -> None:
    """A delimiter is one character."""
    with pytest.raises(ConfigError, match="delimiter"):
        rows(tmp_path, TEXT, delimiter=delimiter)


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "sep=; "])
def test_table_when_excel_says_the_delimiter_first_then_that_line_is_no_header(tmp_path: Path, first: str) -> None:
    """The line counts for line numbers all the same."""
    assert rows(tmp_path, f"\ufeff{first}\r\nemail,of;name\r\na@example.com;A\r\n") == [
        Row(3, {"email,of": "a@example.com", "name": "A"})
    ]


def test_tsv_when_its_ending_says_so_then_tabs_part_the_cells(tmp_path: Path) -> None:
    """Commas and semicolons in the header do not."""
    content = "email, or so\tname; or so\n a@example.com \tAnn, Bob; Carl\n"
    found = [{"email, or so": "a@example.com", "name; or so": "Ann, Bob; Carl"}]
    assert data(tmp_path, content, "people.tsv") == found
    assert data(tmp_path, content, "people.txt", format="tsv") == found


def test_table_when_columns_are_padded_then_names_and_cells_are_trimmed(tmp_path: Path) -> None:
    """A blank in the header does not make a variable missing."""
    assert data(tmp_path, " email , name\t\n zoe@example.com ,\u00a0Zoë \n") == [ZOE]


def test_table_when_trailing_rows_are_blank_then_they_are_no_recipients(tmp_path: Path) -> None:
    """Empty lines, and lines of empty cells, are skipped wherever they are; line numbers stay right."""
    found = rows(tmp_path, "email,name\n\na@example.com,A\n,\n \n , \nb@example.com,B\n,,,,\n" + ",\r\n" * 500)
    assert [(row.line, row.data["name"]) for row in found] == [(3, "A"), (7, "B")]


def test_table_when_lines_before_the_header_are_blank_then_it_is_found(tmp_path: Path) -> None:
    """Blank lines above the header are skipped like all others."""
    assert rows(tmp_path, "\n  \n" + TEXT) == [Row(4, ZOE)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a@example.com", "the row has 1 cells where the header has 2"),
        ("a@example.com,A,more", "the row has 3 cells where the header has 2"),
        ("a@example.com,A\0", "there is a NUL byte in it"),
    ],
)
def test_table_when_a_row_is_bad_then_it_is_told_and_the_next_is_read(tmp_path: Path, line: str, problem: str) -> None:
    """One bad row is a bad row, not the end."""
    found = rows(tmp_path, f"email,name\n{line}\nzoe@example.com,Zoë\n")
    assert found == [Row(2, problem=problem), Row(3, ZOE)]


def test_table_when_cells_behind_it_are_empty_then_they_are_nothing(tmp_path: Path) -> None:
    """Spreadsheets write empty columns and empty cells."""
    text = "email,name,,\nzoe@example.com,Zoë,,\nzoe@example.com,Zoë\nzoe@example.com,Zoë,,,,\n"
    assert data(tmp_path, text) == [ZOE] * 3


def test_table_when_cells_have_line_breaks_then_rows_are_numbered_by_their_first_line(tmp_path: Path) -> None:
    """A row is called by the line on which it begins, as an editor counts."""
    found = rows(tmp_path, 'email,"the\nname"\na@example.com,"x\n\ny"\nb@example.com,"z"\n')
    assert [(row.line, row.data["the\nname"]) for row in found] == [(3, "x\n\ny"), (6, "z")]


def test_table_when_quotes_are_doubled_then_they_are_single(tmp_path: Path) -> None:
    """CSV's own escape is understood."""
    found = data(tmp_path, 'email,name\na@example.com,"Ann ""Nan"" O\'Hara, Jr."\n')
    assert found[0]["name"] == 'Ann "Nan" O\'Hara, Jr.'


@pytest.mark.parametrize(
    ("content", "problem", "line"),
    [
        ("", "empty", 0),
        ("\ufeff", "empty", 0),
        ("\n\n", "empty", 0),
        ("sep=;", "empty", 0),
        (",,\na@example.com,x,y\n", "no column names", 1),
        ("email,email\n", "two columns are called 'email'", 1),
        ("email, email\n", "two columns are called 'email'", 1),
        ("email,,name\n", "column 2 has no name", 1),
        ("zoe@example.com,Zoë\nbob@example.com,Bob\n", "looks like data", 1),
        ('email,name\na@example.com,A\nb@example.com,"B\nc@example.com,C\n', "no well-formed CSV", 3),
        ('email,name\na@example.com,"A" x\n', "no well-formed CSV", 2),
        ('email,"name\na@example.com,A\n', "no well-formed CSV", 1),
    ],
)
def test_table_when_it_is_no_list_then_the_line_is_told(tmp_path: Path, content: str, problem: str, line: int) -> None:
    """What is wrong with the file as a whole is told before anything is sent: a missing quote by its row."""
    with pytest.raises(RecipientsError, match=problem) as caught:
        rows(tmp_path, content)
    assert caught.value.line == line
    assert caught.value.source == str(tmp_path / "people.csv")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("start", "problem", "word"),
    [
        (b"PK\x03\x04", "workbook", "--format xlsx"),
        (b"\xd0\xcf\x11\xe0", "old Excel", ".xlsx"),
        (b"\x1f\x8b", "compressed", "zcat"),
        (b"SQLite format 3\0", "database", "--query"),
    ],
)
def test_table_when_it_is_another_kind_of_file_then_that_is_told(
    tmp_path: Path, start: bytes, problem: str, word: str
) -> None:
    """With what to do."""
    with pytest.raises(RecipientsError, match=problem) as caught:
        rows(tmp_path, start + bytes(100))
    assert word in caught.value.hint


def test_table_when_a_cell_is_over_131_072_characters_then_it_is_read(tmp_path: Path) -> None:
    """Python's own limit is not ours, and a higher one of the application stays."""
    before = csv.field_size_limit(131_072)
    try:
        assert len(data(tmp_path, "email,page\na@example.com," + "x" * 500_000)[0]["page"]) == 500_000
        csv.field_size_limit(20_000_000)
        rows(tmp_path, TEXT)
        assert csv.field_size_limit() == 20_000_000
        csv.field_size_limit(131_072)
        with pytest.raises(RecipientsError, match="field limit") as caught:
            rows(tmp_path, 'email,page\na@example.com,x\na@example.com,"' + "x" * 10_000_001)
        assert caught.value.line == 3
    finally:
        csv.field_size_limit(before)


def test_table_when_it_has_a_header_only_then_there_are_no_rows(tmp_path: Path) -> None:
    """A list may be empty; the campaign judges that."""
    assert rows(tmp_path, "email,name\n") == []


def test_table_when_it_is_read_then_rows_come_before_the_end_is_looked_at(tmp_path: Path) -> None:
    """The first row is there before the last one is."""
    path = tmp_path / "people.csv"
    path.write_bytes(b"email\n" + b"a@example.com\n" * 20_000 + b"Zo\xeb\n")
    stream = Recipients(path).rows()
    assert next(stream).line == 2
    stream.close()
