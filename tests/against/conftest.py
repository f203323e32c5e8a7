"""The real servers that the tests in this folder talk to."""

import os
from collections.abc import Iterator

import pytest

from tests.kit.judges import Judges
from tests.kit.peers import authority
from tests.kit.postfix import Postfix

__all__ = ["authority", "judges", "postfix"]


@pytest.fixture(scope="session")
def postfix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    """One Postfix for all tests of the run; each test writes to recipients of its own."""
    if reason := Postfix.missing():
        if os.environ.get("MAILKIT_REQUIRE_SERVERS") == "1":
            pytest.fail(f"MAILKIT_REQUIRE_SERVERS=1, but no Postfix: {reason}")
        pytest.skip(f"NOT TESTED against Postfix: {reason}")
    with Postfix.started(tmp_path_factory.mktemp("postfix")) as server:
        yield server


@pytest.fixture(scope="session")
def judges() -> Iterator[Judges]:
    """One process with both parsers for all tests of the run."""
    if reason := Judges.missing():
        if os.environ.get("MAILKIT_REQUIRE_SERVERS") == "1":
            pytest.fail(f"MAILKIT_REQUIRE_SERVERS=1, but no parsers for Node: {reason}")
        pytest.skip(f"NOT TESTED against the parsers for Node: {reason}")
    with Judges.started() as process:
        yield process
