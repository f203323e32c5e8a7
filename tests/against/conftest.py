"""The real servers that the tests in this folder talk to."""

from collections.abc import Iterator

import pytest

from tests.kit.daemon import need, started
from tests.kit.dovecot import Dovecot
from tests.kit.exim import Exim
from tests.kit.judges import Judges
from tests.kit.opensmtpd import Opensmtpd
from tests.kit.peers import authority
from tests.kit.postfix import Postfix
from tests.kit.relay import Relay, relay
from tests.kit.targets import REFUSALS, Target, own_server, submission_of, target
from tests.kit.twins import MAILERS, MailerTwin

__all__ = [
    "authority",
    "behind_dovecot",
    "dovecot",
    "exim",
    "judges",
    "mailer_of",
    "name",
    "opensmtpd",
    "own",
    "postfix",
    "server",
]


@pytest.fixture(scope="session")
def postfix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    """One Postfix for all tests of the run; each test writes to recipients of its own."""
    yield from started(Postfix, tmp_path_factory)


@pytest.fixture(scope="session")
def exim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exim]:
    """One Exim for all tests of the run."""
    yield from started(Exim, tmp_path_factory)


@pytest.fixture(scope="session")
def opensmtpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opensmtpd]:
    """One OpenSMTPD for all tests of the run."""
    yield from started(Opensmtpd, tmp_path_factory)


@pytest.fixture(scope="session")
def behind_dovecot() -> Iterator[Relay]:
    """Where Dovecot passes on what was submitted to it."""
    with relay(refuse=REFUSALS) as behind:
        yield behind


@pytest.fixture(scope="session")
def dovecot(tmp_path_factory: pytest.TempPathFactory, behind_dovecot: Relay) -> Iterator[Dovecot]:
    """One Dovecot for all tests of the run."""
    yield from started(Dovecot, tmp_path_factory, relay_port=int(behind_dovecot.url.rpartition(":")[2]))


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """mailkit's own server, for what is tested with every server."""
    with own_server(tmp_path_factory.mktemp("own")) as found:
        yield found


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Target:
    """The server that a test names by `on` or `offering`."""
    found = request.getfixturevalue(request.param)
    if isinstance(found, Dovecot):
        return submission_of(found, request.getfixturevalue("behind_dovecot"))
    return found if isinstance(found, Target) else target(request.param, found)


@pytest.fixture(params=MAILERS, ids=["sync", "async"])
def mailer_of(request: pytest.FixtureRequest) -> MailerTwin:
    """Our mailers, one after the other."""
    found: MailerTwin = request.param
    return found


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A recipient of this test's own."""
    return f"to-{abs(hash(request.node.nodeid)):x}"


@pytest.fixture(scope="session")
def judges() -> Iterator[Judges]:
    """One process with both parsers for all tests of the run."""
    need("parsers for Node", Judges.missing())
    with Judges.started() as process:
        yield process
