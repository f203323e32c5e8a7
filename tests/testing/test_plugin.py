"""The plug-in of pytest: each test here writes another, and runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mailkit
import mailkit.testing.evidence
import mailkit.testing.guard

# Loaded here once: pytester forgets what was imported in one run before the next, and doors remember it.
LOADED = [
    mailkit.Mailer,
    mailkit.MessageBuilder,
    mailkit.AsyncMailer,
    mailkit.Retry,
    mailkit.testing.InboxFixture,
    mailkit.testing.Outbox,
]

pytest_plugins = ["pytester"]

HEAD = """
import smtplib, threading
import pytest
from mailkit import AsyncMailer, Mailer, MessageBuilder

MESSAGE = MessageBuilder().from_("shop@example.com").to("zoe@example.com").bcc("log@example.com").subject("Welcome")
MESSAGE = MESSAGE.text("Your code is 417 220, or follow https://example.com/confirm?id=7").build()

def mail(url):
    with Mailer(url) as mailer:
        mailer.send(MESSAGE)

def send(port, to="zoe@example.com", subject="Welcome"):
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("shop@example.com", [to], f"To: {to}\\r\\nSubject: {subject}\\r\\n\\r\\nHi\\r\\n")
"""


class Inner:
    """Runs tests in a folder of their own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.folder = pytester.path

    def run(self, code: str, *options: str, ini: str = "", name: str = "test_it") -> pytest.RunResult:
        self.pytester.makepyfile(**{name: HEAD + code})
        self.pytester.makeini(
            f"[pytest]\naddopts = -p no:randomly -p no:cacheprovider -p no:hypothesispytest --strict-markers\n{ini}"
        )
        return self.pytester.runpytest_inprocess(*options)


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Inner:
    for name in ("CI", "BUILD_NUMBER"):  # where one is set, pytest's summary repeats each error in full
        monkeypatch.delenv(name, raising=False)
    return Inner(pytester)


def passes(result: pytest.RunResult, count: int = 1) -> str:
    result.assert_outcomes(passed=count)
    return result.stdout.str()


def fails(result: pytest.RunResult, count: int = 1, **others: int) -> str:
    result.assert_outcomes(failed=count, **others)
    return result.stdout.str()


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_the_plugin_imports_nothing_of_mailkit_when_pytest_starts() -> None:
    """Who has mailkit installed and does not use it in tests pays for two small files."""
    script = "import sys, pytest, mailkit.testing.plugin; print(*(m for m in sys.modules if m.startswith('mailkit')))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) == {"mailkit", "mailkit.testing", "mailkit.testing.plugin"}


def test_a_fixture_of_the_same_name_in_a_project_goes_before(inner: Inner) -> None:
    """A project that has an ``inbox`` already keeps it."""
    passes(inner.run("@pytest.fixture\ndef inbox():\n    return 7\n\ndef test_it(inbox):\n    assert inbox == 7\n"))


# -- inbox -------------------------------------------------------------------------------------------------------------


def test_an_inbox_catches_what_is_sent_to_its_port(inner: Inner) -> None:
    """The words of the guide, all at once."""
    passes(
        inner.run("""
def test_it(inbox):
    mail(inbox.url)
    caught = inbox.wait(to="zoe@example.com", subject="welcome", timeout=5)
    assert caught.code() == "417220"
    assert caught.links() == ("https://example.com/confirm?id=7",)
    assert caught.bcc == ("log@example.com",)
    assert inbox.only() == inbox.messages[0] == inbox.find("zoe")[0] == inbox.assert_sent(count=1)[0]
    inbox.assert_none(to="john")
""")
    )


def test_each_test_has_a_server_to_itself_and_late_mail_finds_nobody(inner: Inner) -> None:
    """What a test before it sends late is never in the next one's inbox."""
    passes(
        inner.run("""
ports = []

def test_one(inbox):
    ports.append(inbox.port)
    send(inbox.port)

def test_two(inbox):
    assert inbox.port != ports[0]
    with pytest.raises(OSError):
        send(ports[0])
    inbox.assert_none()
"""),
        2,
    )


def test_an_inbox_for_a_whole_run_keeps_its_address_and_is_emptied(inner: Inner) -> None:
    """An application that is set up once cannot follow from port to port."""
    passes(
        inner.run("""
@pytest.fixture(scope="session")
def app(inbox_server):
    return inbox_server.port

@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.mailkit(timeout=3)
def test_it(app, inbox, number):
    inbox.assert_none()
    assert (inbox.port, inbox.sessions, list(inbox.rules), inbox.patience) == (app, (), [], 3)
    send(app)
    inbox.rules.add(__import__("mailkit.inbox").inbox.Rule("mail", code=550))
    with pytest.raises(smtplib.SMTPException):
        send(app)
    assert len(inbox.wait().recipients) == len(inbox.sessions) == 1

def test_after_all(inbox_server):
    inbox_server.assert_none()
"""),
        3,
    )


def test_the_environment_leads_to_the_inbox_while_the_test_runs(inner: Inner) -> None:
    """For programs that read variables, and for those that are started with them."""
    passes(
        inner.run("""
import os, subprocess, sys

PROGRAM = '''
import os, smtplib
with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as client:
    client.sendmail("a@example.com", ["b@example.com"], "Subject: Other process\\\\r\\\\n\\\\r\\\\nHi")
'''

def test_it(environ_inbox):
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
    mail(os.environ["MAILKIT_URL"])
    environ_inbox.wait(subject="other process")
    environ_inbox.wait(subject="welcome")
    assert {**os.environ, **environ_inbox.environ()} == dict(os.environ)

def test_after():
    assert "SMTP_URL" not in os.environ
"""),
        2,
    )


def test_asyncio_waits_without_blocking(inner: Inner) -> None:
    """The task that sends runs while the test waits."""
    passes(
        inner.run("""
import asyncio

@pytest.mark.anyio
async def test_it(inbox):
    async def later():
        async with AsyncMailer(inbox.url) as mailer:
            await mailer.send(MESSAGE)
    task = asyncio.create_task(later())
    assert (await inbox.wait_async(to="zoe")).subject == "Welcome"
    await task

@pytest.fixture
def anyio_backend():
    return "asyncio"
""")
    )


def test_a_wait_that_blocks_the_event_loop_says_so(inner: Inner) -> None:
    """In an asynchronous test it is the task that sends which is kept waiting."""
    said = fails(
        inner.run("""
import asyncio

def test_it(inbox):
    async def main():
        inbox.wait(timeout=0)
    asyncio.run(main())
""")
    )
    assert "no message came" in said
    assert "await inbox.wait_async" in said


def test_a_testcase_of_unittest_takes_the_inbox_by_a_fixture_of_its_own(inner: Inner) -> None:
    """As the guide says."""
    passes(
        inner.run("""
import unittest

class TestSignUp(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _mail(self, inbox):
        self.inbox = inbox

    def test_it(self):
        send(self.inbox.port)
        self.inbox.wait(to="zoe")
""")
    )


def test_faults_are_set_for_a_block_and_for_the_box_of_a_user(inner: Inner) -> None:
    """A refusal on purpose, and mail by login."""
    passes(
        inner.run("""
def test_it(inbox):
    with inbox.fault("rcpt *@example.com 550") as rule, pytest.raises(smtplib.SMTPRecipientsRefused):
        send(inbox.port)
    assert inbox.rules.count(rule) == 1
    mail(inbox.url_for("one"))
    assert inbox.box("one").wait(to="zoe").user == "one"
    assert inbox.box("one").patience == inbox.patience
    inbox.box("two").assert_none()
""")
    )


# -- what a failed test says and keeps ---------------------------------------------------------------------------------


def test_a_failed_wait_ends_in_the_test_and_shows_what_arrived(inner: Inner) -> None:
    """The traceback has no line of mailkit's; a section says what the inbox has."""
    said = fails(
        inner.run("""
def test_it(inbox):
    send(inbox.port)
    inbox.wait(to="john@example.com", timeout=0)
""")
    )
    assert 'no message came that fits to:"john@example.com", within 0 seconds' in said
    assert re.search(r"^test_it\.py:\d+: ArrivalError$", said, re.MULTILINE)
    assert "box.py" not in said
    section = said.partition("- mail -")[2]
    assert re.search(
        r"^inbox \(127\.0\.0\.1:\d+\): 1 message\n  #1 to zoe@example\.com: 'Welcome'$", section, re.MULTILINE
    )


def test_any_failure_shows_what_was_refused_and_no_password(inner: Inner) -> None:
    """An assertion of another kind gets the section, too, with the last session that ended in nothing."""
    said = fails(
        inner.run("""
def test_it(inbox):
    with inbox.fault("mail * 550 'Not you'"), smtplib.SMTP("127.0.0.1", inbox.port) as client:
        client.login("ada", "hunter2")
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("a@example.com", ["b@example.com"], "Hi")
    assert inbox.messages
""")
    )
    section = said.partition("- mail -")[2]
    assert "0 messages" in section
    assert "1 session that ended in no message" in section
    assert "S: 550 5.0.0 Not you" in section or "Not you" in section
    assert "hunter2" not in section
    assert "aHVudGVyMg" not in section


def test_a_message_cannot_speak_to_the_terminal(inner: Inner) -> None:
    """Control characters of what was caught are not printed."""
    said = fails(
        inner.run("""
def test_it(inbox):
    send(inbox.port, subject="\\x1b[31mred")
    assert 0
""")
    )
    assert "\x1b[31mred" not in said
    assert "red" in said.partition("- mail -")[2]


def test_a_passing_test_shows_nothing(inner: Inner) -> None:
    """Not even with -rA."""
    assert "- mail -" not in passes(inner.run("def test_it(inbox):\n    send(inbox.port)\n", "-rA"))


def test_what_fails_in_a_teardown_has_its_section(inner: Inner) -> None:
    """The inbox is gone by then, what it caught is not."""
    result = inner.run("""
@pytest.fixture
def before():
    yield
    assert 0

def test_it(before, inbox):
    send(inbox.port)
""")
    result.assert_outcomes(passed=1, errors=1)
    assert "#1 to zoe@example.com: 'Welcome'" in result.stdout.str()


@pytest.mark.parametrize("how", ["option", "ini"])
def test_failed_tests_keep_their_mail_and_passing_ones_leave_nothing(inner: Inner, how: str) -> None:
    """The bytes, the envelope and what was said, in a folder whose name is safe; it goes when the test passes again."""
    code = """
import os

@pytest.mark.parametrize("value", ["../../a b"])
def test_fails(inbox, outbox, value):
    mail(inbox.url)
    mail("smtp://mail.example.com")
    with inbox.fault("connect 421"), pytest.raises(smtplib.SMTPException):
        send(inbox.port)
    assert "MENDED" in os.environ

def test_passes(inbox):
    send(inbox.port)
"""
    options, ini = (("--mailkit-keep=kept",), "") if how == "option" else ((), "mailkit_keep = kept")
    said = fails(inner.run(code, *options, ini=ini), passed=1)
    [folder] = (inner.folder / "kept").iterdir()
    assert f"kept in {folder}" in said
    assert re.fullmatch(r"test_it\.py-test_fails-\.\.-\.\.-a-b-[0-9a-f]{6}", folder.name)
    assert sorted(path.name for path in folder.iterdir()) == [
        "inbox-001.eml",
        "inbox-001.json",
        "inbox-001.txt",
        "inbox-session-001.txt",
        "outbox-001.eml",
        "outbox-001.json",
    ]
    assert b"\r\nSubject: Welcome\r\n" in (folder / "inbox-001.eml").read_bytes()
    assert '"log@example.com"' in (folder / "outbox-001.json").read_text()
    assert "S: 421" in (folder / "inbox-session-001.txt").read_text()

    inner.pytester._monkeypatch.setenv("MENDED", "1")
    passes(inner.run(code, *options, ini=ini), 2)
    assert list((inner.folder / "kept").iterdir()) == []


def test_what_others_put_into_a_kept_folder_stays(inner: Inner) -> None:
    """Only files of our own are deleted."""
    code = "def test_it(inbox):\n    send(inbox.port)\n    assert 0\n"
    fails(inner.run(code, "--mailkit-keep=kept"))
    [folder] = (inner.folder / "kept").iterdir()
    (folder / "notes.txt").write_text("mine")
    passes(inner.run(code.replace("assert 0", "pass"), "--mailkit-keep=kept"))
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_folder_that_cannot_be_written_is_said_and_hides_nothing(inner: Inner) -> None:
    """The failure that matters is the test's own."""
    (inner.folder / "kept").write_text("a file")
    said = fails(
        inner.run("def test_it(inbox):\n    send(inbox.port)\n    assert 0, 'its own'\n", "--mailkit-keep=kept")
    )
    assert "its own" in said
    assert "not kept in" in said


# -- the time-out ------------------------------------------------------------------------------------------------------


def test_the_nearest_says_how_long_a_wait_lasts(inner: Inner) -> None:
    """The call, the marker, the command line, the ini file, and ten seconds."""
    code = """
def test_plain(inbox, outbox):
    assert inbox.patience == outbox.patience == {expected}

@pytest.mark.mailkit(timeout=3)
class TestMarked:
    def test_it(self, inbox):
        assert inbox.patience == 3

    @pytest.mark.mailkit(timeout=4)
    def test_nearer(self, inbox):
        assert inbox.patience == 4
        with pytest.raises(AssertionError, match="within 0 seconds"):
            inbox.wait(timeout=0)
"""
    passes(inner.run(code.format(expected=10)), 3)
    passes(inner.run(code.format(expected=5), ini="mailkit_timeout = 5"), 3)
    passes(inner.run(code.format(expected=6), "--mailkit-timeout=6", ini="mailkit_timeout = 5"), 3)


def test_a_timeout_that_is_no_number_ends_the_run_at_once(inner: Inner) -> None:
    """Not in the first test that waits."""
    result = inner.run("def test_it():\n    pass\n", ini="mailkit_timeout = soon")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "mailkit_timeout is a number of seconds, not 'soon'" in result.stderr.str()


def test_a_marker_with_an_unknown_word_fails_its_test(inner: Inner) -> None:
    """A misspelt guard guards nothing."""
    result = inner.run("@pytest.mark.mailkit(gaurd=True)\ndef test_it():\n    pass\n")
    result.assert_outcomes(errors=1)
    assert "the marker is mailkit(timeout=, guard=, allow=)" in result.stdout.str()


# -- outbox ------------------------------------------------------------------------------------------------------------


def test_an_outbox_takes_in_what_any_mailer_sends(inner: Inner) -> None:
    """Whatever its URL, whenever it was made, in whichever thread, with asyncio or without."""
    passes(
        inner.run("""
import asyncio
early = Mailer("smtp://mail.example.com")

def test_it(outbox):
    early.send(MESSAGE)
    mail("sendmail:")
    outbox.mailer().send(MESSAGE)
    asyncio.run(AsyncMailer("gmail://user:secret@").send(MESSAGE))
    thread = threading.Thread(target=early.send, args=[MESSAGE])
    thread.start()
    thread.join()
    assert len(outbox) == 5
    assert outbox[0].subject == "Welcome"
    assert outbox[-1].code() == "417220"
    assert [one.bcc for one in outbox[1:3]] == [("log@example.com",)] * 2
    outbox.clear()
    outbox.assert_none()

def test_another(outbox):
    outbox.assert_none()
"""),
        2,
    )


def test_an_outbox_is_asked_as_an_inbox_is(inner: Inner) -> None:
    """assert_sent counts, and says what there is instead."""
    said = fails(
        inner.run("""
def test_it(outbox):
    mail("memory:")
    assert outbox.wait(to="zoe") == outbox.only(subject="welcome") == outbox.assert_sent("zoe")[0]
    with pytest.raises(AssertionError, match=r"(?s)1 messages fit to:\\"zoe\\", not 2.*#1 to zoe"):
        outbox.assert_sent(to="zoe", count=2)
    with pytest.raises(AssertionError, match="no message should fit"):
        outbox.assert_none()
    outbox.assert_sent(to="zoe", count=0)
""")
    )
    assert "AssertionError" in said or "ArrivalError" in said
    assert '1 messages fit to:"zoe", not 0' in said
    assert "outbox: 1 message" in said


def test_faults_act_in_an_outbox_as_on_a_wire(inner: Inner) -> None:
    """Refused, put off and tried again, cut off: no server is needed to test how an application takes it."""
    passes(
        inner.run("""
from mailkit.errors import RecipientsRefused, SenderRefused, DataRefused, RetriesExhausted
from mailkit import Retry

def test_it(outbox):
    mailer = Mailer("smtp://mail.example.com", retry=Retry(attempts=3, backoff=0.001))
    with outbox.fault("rcpt log@* 550 'Nobody'"):
        receipt = mailer.send(MESSAGE)
    assert [one.text for one in receipt.refused] == ["5.1.1 Nobody"] or receipt.refused[0].code == 550
    assert outbox.only().recipients == ("zoe@example.com",)
    with outbox.fault("rcpt * 550"), pytest.raises(RecipientsRefused):
        mailer.send(MESSAGE)
    with outbox.fault("mail * 553"), pytest.raises(SenderRefused):
        mailer.send(MESSAGE)
    with outbox.fault("dot 554"), pytest.raises(DataRefused):
        mailer.send(MESSAGE)
    with outbox.fault("rcpt * greylist delay=60"):
        assert {one.attempts for one in mailer.send(MESSAGE).accepted} == {2}
    with outbox.fault("data drop times=1"):
        assert {one.attempts for one in mailer.send(MESSAGE).accepted} == {2}
    with outbox.fault("dot drop"):
        assert len(mailer.deliver(MESSAGE).in_doubt) == 2
    assert len(outbox) == 3
""")
    )


def test_mail_for_the_inbox_of_the_test_goes_there_although_there_is_an_outbox(inner: Inner) -> None:
    """With both, each gets what is meant for it."""
    passes(
        inner.run("""
def test_it(outbox, inbox):
    mail(inbox.url)
    mail("smtp://127.0.0.1:1")
    assert len(inbox) == len(outbox) == 1
""")
    )


# -- the guard ---------------------------------------------------------------------------------------------------------

SENDS = """
def send_away():
    mail("smtp://ada:hunter2@mail.invalid")
"""


def test_a_guarded_test_that_would_send_away_fails_and_says_by_what(inner: Inner) -> None:
    """At once, without another attempt, and without the password."""
    said = fails(inner.run(SENDS + "def test_it():\n    send_away()\n", ini="mailkit_guard = true"))
    assert "a test must not send by smtp://ada@mail.invalid:587" in said
    assert "Take the fixture inbox or outbox, or name the host in mailkit_allow" in said
    assert "hunter2" not in said.replace("ada:hunter2@", "")  # which is in the source of the test
    assert said.count("a test must not send by") == 2  # in the traceback and the summary: there is one failure, not two


def test_a_guarded_test_fails_also_when_the_application_swallows_the_error(inner: Inner) -> None:
    """Code that logs and goes on is common."""
    code = (
        SENDS
        + """
def swallow():
    try:
        send_away()
    except Exception:
        pass

@pytest.fixture
def early():
    swallow()

@pytest.fixture
def late():
    yield
    swallow()

@pytest.mark.mailkit(guard=True)
def test_marked():
    swallow()

@pytest.mark.mailkit(guard=True)
def test_in_a_fixture(early):
    pass

@pytest.mark.mailkit(guard=True)
def test_in_a_teardown(late):
    pass
"""
    )
    result = inner.run(code)
    result.assert_outcomes(failed=2, passed=1, errors=1)
    assert result.stdout.str().count("the test would have sent mail by smtp://ada@mail.invalid:587\n") == 3


# Nobody listens there, it is this machine all the same, and it is no loopback address: nothing is asked of the network.
REACHES = """
from mailkit.errors import ConnectError
from mailkit.transport import open_transport

def reach(host):
    with pytest.raises(ConnectError):
        open_transport(f"smtp://{host}:1?tls=off").deliver(MESSAGE.envelope(), MESSAGE)
"""


def test_the_guard_lets_pass_what_stays_here_and_what_is_allowed(inner: Inner) -> None:
    """Loopback, what an outbox takes in, hosts by name, and tests that say so."""
    passes(
        inner.run(
            SENDS
            + REACHES
            + """
def test_inbox(inbox):
    mail(inbox.url)

def test_outbox(outbox):
    send_away()

def test_allowed_by_ini():
    reach("0.0.0.0")

@pytest.mark.mailkit(allow="::")
def test_allowed_by_marker():
    reach("[::]")

@pytest.mark.mailkit(guard=False)
def test_not_guarded():
    reach("[::]")
""",
            ini="mailkit_guard = true\nmailkit_allow = 0.0.0.0 mailpit",
        ),
        5,
    )
    fails(inner.run(REACHES + "def test_it():\n    reach('[::]')\n", ini="mailkit_guard = true"))


def test_without_the_guard_nothing_is_guarded(inner: Inner) -> None:
    """It is asked for, not forced on anybody."""
    passes(inner.run(REACHES + "def test_it():\n    reach('0.0.0.0')\n"))


# -- other plug-ins ----------------------------------------------------------------------------------------------------


def test_the_plugin_is_registered_by_its_entry_point() -> None:
    """Nobody has to name it in a conftest."""
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points.pytest11]\nmailkit = "mailkit.testing.plugin"\n' in project
