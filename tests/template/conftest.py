"""Heavy imports are done once, before the first test is timed."""

import pytest

from mailkit.template import inline_css, to_text


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    inline_css("<style>p { color: red }</style><p>x</p>")
    to_text("<p>x</p>")
