"""Pictures in HTML: data: URIs and files of an allowed folder."""

import re
from base64 import b64encode
from pathlib import Path

import pytest

from mailkit import Message, MessageBuilder
from mailkit.errors import AttachmentError

PNG = b"\x89PNG\r\n\x1a\n\0"
URI = f"data:image/png;base64,{b64encode(PNG).decode()}"
BASE = MessageBuilder().from_("ada@example.com").to("bob@example.com")


def cids(message: Message) -> list[str]:
    return re.findall(r'"cid:([^"]+)"', message.html or "")


@pytest.mark.parametrize(
    "html",
    [
        f'<img src="{URI}">',
        f"<IMG alt='a > b' SRC='{URI}'>",
        f"<img src={URI}>",
        f'<img\n width=1 src = "{URI}" alt="x">',
        '<img src="data:image/png,' + "".join(f"%{byte:02X}" for byte in PNG) + '">',
        f'<img src="{URI.replace("+", "%2B").replace("=", "%3D")}">',
    ],
)
def test_a_data_uri_when_composed_is_an_embedded_picture(html: str) -> None:
    """Mail programs do not show data: URIs; they show parts."""
    message = BASE.html(html).build()
    [picture] = message.embedded
    assert (picture.data, picture.type, picture.filename) == (PNG, "image/png", "picture.png")
    assert cids(message) == [picture.cid]
    assert Message.parse(bytes(message)).embedded[0].data == PNG


def test_a_picture_when_shown_twice_travels_once() -> None:
    """The same bytes are one part."""
    message = BASE.html(f'<img src="{URI}"><img src="{URI}">').build()
    assert len(message.embedded) == 1
    assert len(cids(message)) == 2


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://example.com/a.png">',
        '<img src="cid:logo">',
        '<img src="//example.com/a.png">',
        '<img src="">',
        "<img alt='no source'>",
        '<p title="data:image/png;base64,AAAA">text</p>',
        '<img src="data:text/html,<script>">',
        '<img data-src="a.png">',
    ],
)
def test_html_without_a_picture_of_ours_when_composed_is_left_alone(html: str, tmp_path: Path) -> None:
    """Nothing is fetched, and nothing else is touched."""
    message = BASE.html(html, pictures=tmp_path).build()
    assert message.html == html
    assert message.embedded == ()


def test_a_file_of_the_folder_when_asked_for_is_embedded(tmp_path: Path) -> None:
    """The path is relative to the folder, percent-encoded as in any URL."""
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "my logo.png").write_bytes(PNG)
    message = BASE.html('<img src="img/my%20logo.png?v=2">', pictures=tmp_path).build()
    [picture] = message.embedded
    assert (picture.filename, picture.data) == ("my logo.png", PNG)
    assert cids(message) == [picture.cid]


def test_a_file_when_no_folder_is_allowed_is_left_alone() -> None:
    """A path in HTML reads nothing from the disk unless a folder is given."""
    html = f'<img src="{__file__}">'
    assert BASE.html(html).build().html == html


@pytest.mark.parametrize(
    "path", ["../secret.png", "/etc/passwd", "..%2fsecret.png", "link.png", "a%00b.png", "img/../../secret.png"]
)
def test_a_path_out_of_the_folder_is_refused(path: str, tmp_path: Path) -> None:
    """Neither dots nor links nor encodings lead out."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(PNG)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(AttachmentError):
        BASE.html(f'<img src="{path}">', pictures=folder)


def test_a_missing_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    """A broken picture is found before the mail is sent."""
    with pytest.raises(AttachmentError, match=r"nothing\.png"):
        BASE.html('<img src="nothing.png">', pictures=tmp_path)


@pytest.mark.parametrize(
    "html",
    [
        "<img " * 20_000,
        "<img src=" + '"' * 50_001,
        "<img " + "a='" * 20_000,
        '<img "' * 20_001,
        "<img '\"" * 20_001,
        "<img a=" * 20_000,
    ],
)
def test_hostile_html_when_composed_takes_no_time_worth_naming(html: str) -> None:
    """Long nonsense is passed over."""
    assert BASE.html(html).build().html == html
