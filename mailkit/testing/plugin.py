"""The plug-in for pytest: the fixtures ``inbox`` and ``outbox``, what a failed test shows of its mail, and the guard.

pytest imports it at each start, also where nobody uses it: so it imports nothing of mailkit before a test asks for it.

Each test has a server to itself, which is up within two milliseconds. Mail that is late then finds nobody, and cannot come into the
next test; nothing has to be cleared, and nobody has to log in. ``inbox_server`` is for applications that are set up once for
many tests and cannot be told another address: where it is used, ``inbox`` is there, and is emptied for each test.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mailkit.testing.evidence import Evidence
    from mailkit.testing.guard import Guard
    from mailkit.testing.inbox import InboxFixture
    from mailkit.testing.outbox import Outbox
    from mailkit.transport import Transport

__all__ = [
    "django_inbox",
    "environ_inbox",
    "inbox",
    "inbox_server",
    "outbox",
    "pytest_addoption",
    "pytest_configure",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_runtest_setup",
]

_MARKER = "mailkit(timeout=, guard=, allow=): how long its waits last; whether it may reach other machines, and which"


class _Witness:
    """One fixture of a test: what it has seen, asked while it is there, and once when it goes."""

    def __init__(self, box: "InboxFixture | Outbox", look: "Callable[[], Evidence]") -> None:
        self.box = box
        self.look = look


_SERVER: "pytest.StashKey[InboxFixture]" = pytest.StashKey()
_WITNESSES: pytest.StashKey[list[_Witness]] = pytest.StashKey()
_GUARD: "pytest.StashKey[Guard]" = pytest.StashKey()


# -- options -----------------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mailkit", "mail (mailkit)")
    group.addoption("--mailkit-timeout", type=float, metavar="SECONDS", help="how long a wait for mail lasts (10)")
    group.addoption("--mailkit-keep", metavar="DIR", help="keep the mail of failed tests in this folder")
    parser.addini("mailkit_timeout", "how long a wait for mail lasts, in seconds (10)", default="10")
    parser.addini("mailkit_keep", "keep the mail of failed tests in this folder", default="")
    parser.addini("mailkit_guard", "whether mail to other machines fails a test", type="bool", default=False)
    parser.addini("mailkit_allow", "hosts that tests may send mail to all the same", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    _seconds(_given_timeout(config))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose marker says what nobody would heed."""
    for mark in item.iter_markers("mailkit"):
        if mark.args or not mark.kwargs.keys() <= {"timeout", "guard", "allow"}:
            pytest.fail(f"the marker is {_MARKER.partition(':')[0]}", pytrace=False)


def _marked(node: pytest.Item) -> dict[str, Any]:
    """What markers say, the nearest first."""
    found: dict[str, Any] = {}
    for mark in node.iter_markers("mailkit"):
        found = {**mark.kwargs, **found}
    return found


def _patience(node: pytest.Item) -> float:
    return _seconds(_marked(node).get("timeout", _given_timeout(node.config)))


def _given_timeout(config: pytest.Config) -> object:
    given: object = config.getoption("--mailkit-timeout")
    return config.getini("mailkit_timeout") if given is None else given


def _seconds(given: Any) -> float:
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise pytest.UsageError(f"mailkit_timeout is a number of seconds, not {given!r}")
    return seconds


def _kept(node: pytest.Item) -> Path | None:
    """The folder in which the test's mail is kept should it fail."""
    config = node.config
    given, at = config.getoption("--mailkit-keep"), config.invocation_params.dir
    if not given:
        given, at = config.getini("mailkit_keep"), config.rootpath
    if not given:
        return None
    from mailkit.testing.evidence import folder_for

    return Path(at, given) / folder_for(node.nodeid)


# -- fixtures ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def inbox_server(request: pytest.FixtureRequest) -> Iterator["InboxFixture"]:
    """An inbox at one address for the whole run. In each test ``inbox`` is this one, emptied."""
    from mailkit.testing.inbox import InboxFixture

    stash = request.session.stash
    with InboxFixture() as server:
        stash[_SERVER] = server
        try:
            yield server
        finally:
            del stash[_SERVER]


@pytest.fixture
def inbox(request: pytest.FixtureRequest) -> Iterator["InboxFixture"]:
    """A server that catches mail, and what it has caught: a :class:`mailkit.testing.InboxFixture`."""
    from mailkit.testing.inbox import InboxFixture

    node = request.node
    with contextlib.ExitStack() as closing:
        box = request.session.stash.get(_SERVER, None)
        if box is None:
            box = closing.enter_context(InboxFixture())
        else:
            box.reset()
            closing.callback(box.reset)
        box.patience = _patience(node)
        with _witnessed(node, box, "inbox"):
            yield box


@pytest.fixture
def outbox(request: pytest.FixtureRequest) -> Iterator["Outbox"]:
    """Takes in what mailkit would send, and shows it: a :class:`mailkit.testing.Outbox`."""
    from mailkit.testing.outbox import Outbox

    node = request.node

    def spares(transport: "Transport") -> bool:
        return any(_leads(transport, witness.box) for witness in node.stash.get(_WITNESSES, ()))

    box = Outbox(patience=_patience(node), spares=spares)
    with contextlib.closing(box), _witnessed(node, box, "outbox"), box:
        yield box


def _leads(transport: "Transport", box: "InboxFixture | Outbox") -> bool:
    """Whether a transport goes to a server of the test's own: then the mail is meant to go there."""
    settings = getattr(transport, "settings", None)
    return getattr(settings, "port", None) == getattr(box, "port", -1)


@pytest.fixture
def environ_inbox(inbox: "InboxFixture", monkeypatch: pytest.MonkeyPatch) -> "InboxFixture":
    """The inbox, with the environment leading there: ``MAILKIT_URL``, ``SMTP_HOST``, ``SMTP_PORT`` and their like."""
    for name, value in inbox.environ().items():
        monkeypatch.setenv(name, value)
    return inbox


@pytest.fixture
def django_inbox(inbox: "InboxFixture", request: pytest.FixtureRequest) -> Iterator["InboxFixture"]:
    """The inbox, with Django's settings leading there. Its test runner's own outbox then gets nothing."""
    values = inbox.django_settings()
    if request.config.pluginmanager.has_plugin("django"):  # its own fixture undoes all changes in their order
        settings = request.getfixturevalue("settings")
        for name, value in values.items():
            setattr(settings, name, value)
        yield inbox
    else:
        from django.test import override_settings

        with override_settings(**values):
            yield inbox


# -- what a failed test shows and keeps ------------------------------------------------------------------------------


@contextlib.contextmanager
def _witnessed(node: pytest.Item, box: "InboxFixture | Outbox", kind: str) -> Iterator[None]:
    from mailkit.testing.evidence import Evidence, forget

    def look() -> Evidence:
        sessions = getattr(box, "sessions", ())
        place = f"{box.host}:{box.port}" if kind == "inbox" else ""  # type: ignore[union-attr]
        return Evidence.of(kind, box, place=place, sessions=sessions)

    if folder := _kept(node):
        with contextlib.suppress(OSError):
            forget(folder)
    witness = _Witness(box, look)
    node.stash.setdefault(_WITNESSES, []).append(witness)
    try:
        yield
    finally:
        last = look()
        witness.look = lambda: last  # what fails later, in the teardown of others, still has it


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Add what arrived to the report of a failed test. One that passed and would have sent mail away has failed."""
    report = (yield).get_result()
    if (
        (guard := item.stash.get(_GUARD, None))
        and guard.stopped
        and (report.when, report.outcome) != ("setup", "passed")
    ):
        if report.outcome == "passed":
            from mailkit.testing.guard import HINT

            report.outcome = "failed"
            report.longrepr = (
                f"the test would have sent mail by {', '.join(dict.fromkeys(guard.stopped))}\nhint: {HINT}"
            )
        guard.stopped.clear()
    if report.outcome == "failed" and (witnesses := item.stash.get(_WITNESSES, ())):
        report.sections.append(("mail", "\n".join(_shown(item, witnesses))))
    if report.when == "teardown":
        item.stash[_WITNESSES] = []


def _shown(item: pytest.Item, witnesses: list[_Witness]) -> Iterator[str]:
    folder = _kept(item)
    for witness in witnesses:
        evidence = witness.look()
        yield str(evidence)
        if folder and (evidence.messages or evidence.sessions):
            try:
                evidence.keep(folder)
                yield f"kept in {folder}"
            except OSError as error:
                yield f"not kept in {folder}: {error.strerror or error}"


# -- the guard ---------------------------------------------------------------------------------------------------------


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, None]:
    """Put the guard at the gate while a test runs that is guarded."""
    marked = _marked(item)
    if not marked.get("guard", item.config.getini("mailkit_guard")):
        yield
        return
    from mailkit.testing.guard import Guard
    from mailkit.transport import gate

    allowed = marked.get("allow", ())
    more = [allowed] if isinstance(allowed, str) else allowed
    guard = item.stash[_GUARD] = Guard([*item.config.getini("mailkit_allow"), *more])
    with gate.standing(guard):
        yield
