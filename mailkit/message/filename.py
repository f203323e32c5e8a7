"""What is doubtful about a file's name: signs by which mail is made to look like something else."""

import re
import unicodedata

from mailkit.mime.control import replace_controls

__all__ = ["concerns", "ending", "is_program", "safe"]

# U+202E in "annexfdp.exe" shows "annexexe.pdf"; the others of the family do the same by other means (UAX #9).
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Not the joiners and variation selectors: emoji are made of them.
_INVISIBLE = re.compile("[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\ufeff\uffa0]")
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|CLOCK\$|COM[0-9¹²³]|LPT[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_LONGEST = 255  # bytes: the most that common file systems take
_SHORT = 200  # bytes: that leaves room for a number behind the name

# What opens as a program on the machine of the one who clicks; large providers refuse mail with one of these in it.
_PROGRAMS = frozenset(
    [
        "ade",
        "adp",
        "apk",
        "appx",
        "appxbundle",
        "bat",
        "cab",
        "chm",
        "cmd",
        "com",
        "cpl",
        "dex",
        "diagcab",
        "diagcfg",
        "diagpkg",
        "dll",
        "dmg",
        "ex",
        "ex_",
        "exe",
        "hta",
        "img",
        "ins",
        "iso",
        "isp",
        "jar",
        "jnlp",
        "js",
        "jse",
        "lib",
        "lnk",
        "mde",
        "mjs",
        "msc",
        "msi",
        "msix",
        "msixbundle",
        "msp",
        "mst",
        "nsh",
        "pif",
        "ps1",
        "reg",
        "scr",
        "sct",
        "shb",
        "sys",
        "url",
        "vb",
        "vbe",
        "vbs",
        "vhd",
        "vhdx",
        "vxd",
        "wsc",
        "wsf",
        "wsh",
        "xll",
    ]
)


def ending(filename: str) -> str:
    """Return what follows the last dot, in lower case and as a system that drops trailing dots and spaces sees it."""
    bare = unicodedata.normalize("NFKC", _INVISIBLE.sub("", _DIRECTION.sub("", filename))).rstrip(". ")
    _, dot, last = bare.rpartition(".")
    return last.lower() if dot else ""


def concerns(filename: str) -> tuple[str, ...]:
    """Return what is doubtful about ``filename``, in words; nothing for an ordinary name."""
    found: list[str] = []
    if _DIRECTION.search(filename):
        found.append("a direction mark, which can hide the true ending")
    if _INVISIBLE.search(filename):
        found.append("a character that nobody sees")
    if "/" in filename or "\\" in filename:
        found.append("a path separator: readers keep what follows it, or refuse the file")
    if filename.rstrip(". ") != filename or filename.startswith(" "):
        found.append("a dot or a space at an end, which some systems drop")
    if _RESERVED.fullmatch(filename.rstrip(". ")):
        found.append("a name that Windows reserves for a device")
    if _NOT_ON_WINDOWS.search(filename):
        found.append("a character that Windows does not take in a name")
    if len(filename.encode()) > _LONGEST:
        found.append(f"over {_LONGEST} bytes, more than a file system takes")
    if is_program(filename):
        found.append(f"a program (.{ending(filename)}), which large providers refuse")
    return tuple(found)


def safe(filename: str, *, otherwise: str = "attachment") -> str:
    """Return a name that is one file in one folder on every system, as near to ``filename`` as that can be.

    Of a path the last part is taken, as readers do. What a mail calls its files is never trusted.

    >>> safe("../../etc/passwd"), safe("C:\\\\Temp\\\\CON.txt"), safe("..."), safe("Rechnung 3/26.pdf ")
    ('passwd', '_CON.txt', 'attachment', '26.pdf')
    """
    bare = unicodedata.normalize("NFC", _INVISIBLE.sub("", _DIRECTION.sub("", filename)))
    bare = _NOT_ON_WINDOWS.sub("_", replace_controls(re.split(r"[/\\\\]", bare)[-1], by="_").replace("\t", " "))
    # A leading dot hides a file, a leading dash is an option, and a trailing dot or space is dropped by some.
    bare = bare.rstrip(". ").lstrip(".- ")
    if _RESERVED.fullmatch(bare):
        bare = f"_{bare}"
    return _shortened(bare) or otherwise


def _shortened(name: str) -> str:
    """Keep the ending: it says what opens the file."""
    if len(name.encode()) <= _SHORT:
        return name
    stem, dot, last = name.rpartition(".")
    if not dot or len(last.encode()) > 20:
        stem, dot, last = name, "", ""
    room = _SHORT - len(f"{dot}{last}".encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + dot + last


def is_program(filename: str) -> bool:
    """Whether opening a file of that name runs it."""
    return ending(filename) in _PROGRAMS
