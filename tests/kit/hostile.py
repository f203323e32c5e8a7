"""Strings that must never get into a header, an address, a file name or a command: each one named for the test's id."""

import pytest

HOSTILE = {
    "crlf-and-field": "x\r\nBcc: victim@example.com",
    "lf-and-field": "x\nBcc: victim@example.com",
    "cr-and-field": "x\rBcc: victim@example.com",
    "crlf-and-body": "x\r\n\r\n<script>",
    "crlf-and-space": "x\r\n folded",
    "crlf-at-end": "x\r\n",
    "lf-at-start": "\nx",
    "lf-alone": "\n",
    "nul": "x\0y",
    "bell": "x\x07y",
    "backspace": "x\x08y",
    "vertical-tab": "x\x0by",
    "form-feed": "x\x0cy",
    "escape": "x\x1b[2Jy",
    "file-separator": "x\x1cy",
    "unit-separator": "x\x1fy",
    "del": "x\x7fy",
    "next-line": "x\x85y",
    "c1": "x\x9by",
    "line-separator": "x\u2028y",
    "paragraph-separator": "x\u2029y",
    "high-surrogate": "x\ud83dy",
    "low-surrogate": "x\ude00y",
    "escaped-byte": "caf\udce9",
}
"""Every one is refused wherever text becomes part of one line."""

hostile = pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
"""Runs a test with each of them as ``text``."""
