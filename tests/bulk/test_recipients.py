"""Lists of recipients."""

from pathlib import Path

import pytest

from mailkit.bulk import Recipients, Row
from mailkit.errors import ConfigError, RecipientsError


def rows(path: Path, content: str | bytes, **options: str) -> list[Row]:
    path = path / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Recipients(path, **options).rows())


def data(path: Path, content: str | bytes, **options: str) -> list[dict[str, object]]:
    return [row.data for row in rows(path, content, **options)]


ZOE = {"email": "zoe@example.com", "name": "Zoë"}
TEXT = "email,name\nzoe@example.com,Zoë\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"])
def test_rows_with_a_byte_order_mark_are_read_by_it(tmp_path: Path, encoding: str) -> None:
    """Excel's byte order mark does not hide the first column; "Unicode text" is read too."""
    bom = {"utf-16-le-bom": b"\xff\xfe", "utf-16-be-bom": b"\xfe\xff"}.get(encoding, b"")
    assert data(tmp_path, bom + TEXT.encode(encoding.removesuffix("-bom"))) == [ZOE]


def test_rows_in_another_encoding_name_the_line_and_the_way_out(tmp_path: Path) -> None:
    """A list from an old program is not read wrongly, and not half."""
    content = b"email,name\na@example.com,Ann\nzoe@example.com,Zo\xeb\n"
    with pytest.raises(RecipientsError, match=r"not UTF-8 \(byte 0xeb\)") as caught:
        rows(tmp_path, content)
    assert caught.value.line == 3
    assert "--encoding cp1252" in caught.value.hint
    assert data(tmp_path, content, encoding="cp1252")[1]["name"] == "Zoë"


def test_rows_in_another_encoding_far_down_name_the_line(tmp_path: Path) -> None:
    """The line is right also beyond the first block that is read."""
    with pytest.raises(RecipientsError) as caught:
        rows(tmp_path, b"email,name\n" + b"a@example.com,Ann\n" * 2000 + b"zoe@example.com,Zo\xeb\n")
    assert caught.value.line == 2002


@pytest.mark.parametrize("encoding", ["nope", "base64", "utf-8\0", ""])
def test_rows_with_an_unknown_encoding_are_refused(tmp_path: Path, encoding: str) -> None:
    """A misspelt encoding is told."""
    with pytest.raises(RecipientsError, match="encoding"):
        rows(tmp_path, TEXT, encoding=encoding)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_with_any_delimiter_and_line_end_are_found_out(tmp_path: Path, delimiter: str, end: str) -> None:
    """The header tells the delimiter; line ends are those of any system."""
    text = f"email{delimiter}name{end}zoe@example.com{delimiter}Zoë{end}"
    assert data(tmp_path, text) == [ZOE]


def test_rows_with_other_delimiters_in_the_cells_are_not_misled(tmp_path: Path) -> None:
    """What stands within quotes, or below the header, does not decide."""
    assert data(tmp_path, '"email, of work";name\na@example.com;"x, y | z"\n') == [
        {"email, of work": "a@example.com", "name": "x, y | z"}
    ]
    assert data(tmp_path, "email\na@example.com\n") == [{"email": "a@example.com"}]


def test_rows_with_a_given_delimiter_obey_it(tmp_path: Path) -> None:
    """Whoever says the delimiter is believed."""
    assert data(tmp_path, "email:a,b\nx@example.com:1,2\n", delimiter=":") == [{"email": "x@example.com", "a,b": "1,2"}]


@pytest.mark.parametrize("delimiter", [";;", "\n", "\r", '"'])
def test_rows_with_an_impossible_delimiter_are_refused(tmp_path: Path, delimiter: str) -> None:
    """A delimiter is one character."""
    with pytest.raises(ConfigError, match="delimiter"):
        rows(tmp_path, TEXT, delimiter=delimiter)


def test_rows_with_blanks_around_names_and_cells_trim_them(tmp_path: Path) -> None:
    """A blank in the header does not make a variable missing."""
    assert data(tmp_path, " email , name\t\n zoe@example.com , Zoë \n") == [ZOE]


def test_rows_that_are_blank_are_skipped_and_counted(tmp_path: Path) -> None:
    """Empty lines, and lines of empty cells, are no recipients; line numbers stay right."""
    found = rows(tmp_path, "email,name\n\na@example.com,A\n,\n \n , \nb@example.com,B\n,,,,\n")
    assert [(row.line, row.data["name"]) for row in found] == [(3, "A"), (7, "B")]


def test_rows_before_which_lines_are_blank_find_the_header(tmp_path: Path) -> None:
    """Blank lines above the header are skipped like all others."""
    found = rows(tmp_path, "\n  \n" + TEXT)
    assert [(row.line, row.data) for row in found] == [(4, ZOE)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a@example.com", "the row has 1 cells where the header has 2"),
        ("a@example.com,A,more", "the row has 3 cells where the header has 2"),
    ],
)
def test_rows_that_are_ragged_are_told_and_not_sent(tmp_path: Path, line: str, problem: str) -> None:
    """One bad row is a bad row, not the end."""
    found = rows(tmp_path, f"email,name\n{line}\nzoe@example.com,Zoë\n")
    assert found == [Row(2, problem=problem), Row(3, ZOE)]


def test_rows_with_empty_cells_behind_the_table_are_fine(tmp_path: Path) -> None:
    """Spreadsheets write empty columns and empty cells."""
    assert (
        data(tmp_path, "email,name,,\nzoe@example.com,Zoë,,\nzoe@example.com,Zoë\nzoe@example.com,Zoë,,,,\n")
        == [ZOE] * 3
    )


def test_rows_with_line_breaks_in_cells_keep_their_line_numbers(tmp_path: Path) -> None:
    """A row is called by the line on which it begins, as an editor counts."""
    found = rows(tmp_path, 'email,"the\nname"\na@example.com,"x\n\ny"\nb@example.com,"z"\n')
    assert [(row.line, row.data["the\nname"]) for row in found] == [(3, "x\n\ny"), (6, "z")]


def test_rows_with_doubled_quotes_are_unquoted(tmp_path: Path) -> None:
    """CSV's own escape is understood."""
    assert (
        data(tmp_path, 'email,name\na@example.com,"Ann ""Nan"" O\'Hara, Jr."\n')[0]["name"] == 'Ann "Nan" O\'Hara, Jr.'
    )


@pytest.mark.parametrize(
    ("content", "problem", "line"),
    [
        ("", "empty", 0),
        ("\ufeff", "empty", 0),
        ("\n\n", "empty", 0),
        (",,\na@example.com,x,y\n", "no column names", 1),
        ("email,email\n", "two columns are called 'email'", 1),
        ("email, email\n", "two columns are called 'email'", 1),
        ("email,,name\n", "column 2 has no name", 1),
        ("zoe@example.com,Zoë\nbob@example.com,Bob\n", "looks like data", 1),
        ('email,name\na@example.com,A\nb@example.com,"B\nc@example.com,C\n', "no well-formed CSV", 4),
        ('email,name\na@example.com,"A" x\n', "no well-formed CSV", 2),
    ],
)
def test_rows_of_a_file_that_is_no_list_are_refused_with_the_line(
    tmp_path: Path, content: str, problem: str, line: int
) -> None:
    """What is wrong with the file as a whole is told before anything is sent."""
    with pytest.raises(RecipientsError, match=problem) as caught:
        rows(tmp_path, content)
    assert caught.value.line == line
    assert caught.value.source == str(tmp_path / "people.csv")
    assert caught.value.hint


@pytest.mark.parametrize("call", [lambda r: list(r.rows()), lambda r: r.fingerprint()])
def test_recipients_without_their_file_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call) -> None:
    """A missing file is told with the folder in which it was looked for; so is one that cannot be read."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipientsError, match=r"^nope\.csv: there is no such file") as caught:
        call(Recipients("nope.csv"))
    assert str(tmp_path) in caught.value.hint
    with pytest.raises(RecipientsError, match="cannot be read"):
        call(Recipients(tmp_path))


def test_rows_with_a_huge_cell_are_read(tmp_path: Path) -> None:
    """Python's own limit of 131,072 characters is not ours."""
    assert len(data(tmp_path, "email,page\na@example.com," + "x" * 500_000)[0]["page"]) == 500_000


def test_rows_with_a_header_only_are_none(tmp_path: Path) -> None:
    """A list may be empty; the campaign judges that."""
    assert rows(tmp_path, "email,name\n") == []


def test_rows_are_streamed(tmp_path: Path) -> None:
    """The first row is there before the last one is looked at."""
    path = tmp_path / "people.csv"
    path.write_bytes(b"email\n" + b"a@example.com\n" * 20_000 + b"Zo\xeb\n")
    stream = Recipients(path).rows()
    assert next(stream).line == 2
    stream.close()


def test_rows_of_mappings_are_numbered_from_one() -> None:
    """An iterable of mappings is a list too; names are trimmed, empty ones skipped, others told."""
    given = [{" email ": "a@example.com", "n": 1}, {}, {"email": "", "n": None}, "text", {"email": "b@example.com"}]
    assert list(Recipients(given).rows()) == [
        Row(1, {"email": "a@example.com", "n": 1}),
        Row(4, problem="a row must be a mapping, not str"),
        Row(5, {"email": "b@example.com"}),
    ]


def test_rows_of_a_generator_are_taken_as_they_come() -> None:
    """Nothing is taken before it is asked for."""
    taken: list[int] = []

    def people():
        for number in range(3):
            taken.append(number)
            yield {"email": f"{number}@example.com"}

    stream = Recipients(people()).rows()
    assert next(stream).data == {"email": "0@example.com"}
    assert taken == [0]


def test_fingerprint_of_a_file_follows_its_content(tmp_path: Path) -> None:
    """Two files of equal content are the same list; a changed one is another."""
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text(TEXT)
    b.write_text(TEXT)
    before = Recipients(a).fingerprint()
    assert before == Recipients(b).fingerprint()
    a.write_text(TEXT + "\n")
    assert Recipients(a).fingerprint() != before
    assert Recipients([]).fingerprint() == ""
