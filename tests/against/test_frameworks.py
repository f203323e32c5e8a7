"""The fixtures with what people use: Django, Flask-Mail, fastapi-mail, and other plug-ins of pytest.

They run in the environment of the peers (``make peers``), each a project of its own.
"""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".peers" / "bin" / "python"

pytestmark = pytest.mark.slow

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a project's tests and returns what pytest said; ``counts`` is what its last line must have."""
    if not PYTHON.exists():
        if os.environ.get("MAILKIT_REQUIRE_SERVERS") == "1":
            pytest.fail("MAILKIT_REQUIRE_SERVERS=1, but no frameworks: make peers")
        pytest.skip("NOT TESTED with frameworks: not installed (make peers)")

    def run(code: str, *options: str, counts: str, ini: str = "") -> str:
        (tmp_path / "test_it.py").write_text(code, encoding="utf-8")
        (tmp_path / "pytest.ini").write_text(
            f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{ini}\n", encoding="utf-8"
        )
        words = [
            PYTHON,
            "-m",
            "pytest",
            "-p",
            "mailkit.testing.plugin",
            "-p",
            "no:cacheprovider",
            "-W",
            "error",
            *options,
        ]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        environ.pop("DJANGO_SETTINGS_MODULE", None)
        done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120)
        assert counts in (done.stdout.splitlines() or [""])[-1], done.stdout + done.stderr
        return done.stdout

    return run


DJANGO = """
import threading

import django
import pytest
from django.conf import settings as configured
from django.core import mail

if not configured.configured:
    configured.configure(EMAIL_HOST="mail.example.com", EMAIL_USE_TLS=True, USE_TZ=True)
    django.setup()


def test_mail_of_the_application_arrives(django_inbox):
    thread = threading.Thread(
        target=mail.send_mail, args=["Welcome", "Your code is 417 220.", "shop@example.com", ["zoe@example.com"]]
    )
    thread.start()
    thread.join()
    caught = django_inbox.wait(to="zoe@example.com")
    assert (caught.subject, caught.code()) == ("Welcome", "417220")


def test_a_refusal_reaches_the_application(django_inbox):
    with django_inbox.fault("rcpt * 550"), pytest.raises(Exception, match="550"):
        mail.send_mail("Welcome", "Hi", "shop@example.com", ["zoe@example.com"])
"""


def test_django_with_its_plug_in_sends_to_the_inbox(run: Run) -> None:
    """pytest-django has put another backend in place; its own fixture changes the settings, and changes them back."""
    code = (
        DJANGO
        + """

def test_the_settings_are_back(settings, mailoutbox):
    assert (settings.EMAIL_HOST, settings.EMAIL_USE_TLS) == ("mail.example.com", True)
    assert settings.EMAIL_BACKEND.endswith("locmem.EmailBackend")
    mail.send_mail("Welcome", "Hi", "shop@example.com", ["zoe@example.com"])
    assert len(mailoutbox) == 1


def test_other_changes_go_before_and_after(settings, django_inbox):
    settings.EMAIL_SUBJECT_PREFIX = "[test] "
    mail.send_mail("Welcome", "Hi", "shop@example.com", ["zoe@example.com"])
    django_inbox.only()


def test_all_settings_are_back(settings):
    assert (settings.EMAIL_HOST, settings.EMAIL_SUBJECT_PREFIX) == ("mail.example.com", "[Django] ")
"""
    )
    run(code, "-p", "no:randomly", ini="django_find_project = false", counts="5 passed")


def test_django_without_its_plug_in_sends_to_the_inbox(run: Run) -> None:
    """Django's own override_settings does it, as in its own test runner."""
    code = (
        DJANGO
        + """

from django.test.utils import setup_test_environment
setup_test_environment()

def test_the_settings_are_back():
    assert configured.EMAIL_HOST == "mail.example.com"
    assert configured.EMAIL_BACKEND.endswith("locmem.EmailBackend")
"""
    )
    run(code, "-p", "no:django", counts="3 passed")


def test_a_testcase_of_django_sends_to_the_inbox(run: Run) -> None:
    """A class of unittest takes the fixture as the guide says."""
    code = (
        DJANGO
        + """

from django.test import SimpleTestCase

class TestSignUp(SimpleTestCase):
    @pytest.fixture(autouse=True)
    def _mail(self, django_inbox):
        self.inbox = django_inbox

    def test_it(self):
        mail.send_mail("Welcome", "Hi", "shop@example.com", ["zoe@example.com"])
        assert self.inbox.only().subject == "Welcome"
        assert mail.outbox == []
"""
    )
    run(code, ini="django_find_project = false", counts="3 passed")


def test_flask_mail_sends_to_the_inbox(run: Run) -> None:
    """Although an application under test would send nothing by itself."""
    code = """
import flask, flask_mail, pytest

mail = flask_mail.Mail()

def create_app(**config):
    app = flask.Flask("shop")
    app.config.update(config)
    mail.init_app(app)

    @app.post("/sign-up")
    def sign_up():
        mail.send(flask_mail.Message("Welcome", ["zoe@example.com"], "Hi", sender="shop@example.com"))
        return "ok"

    return app

def test_it(inbox):
    client = create_app(TESTING=True, **inbox.flask_config()).test_client()
    assert client.post("/sign-up").text == "ok"
    assert inbox.wait(to="zoe@example.com").subject == "Welcome"

def test_without(inbox):
    client = create_app(TESTING=True, MAIL_SERVER=inbox.host, MAIL_PORT=inbox.port).test_client()
    assert client.post("/sign-up").text == "ok"
    inbox.assert_none()
"""
    run(code, counts="2 passed")


def test_fastapi_mail_sends_to_the_inbox(run: Run) -> None:
    """From a task, in a test of pytest-asyncio, while the test waits."""
    code = """
import asyncio
import pytest
from fastapi_mail import ConnectionConfig, FastMail, MessageSchema, MessageType

@pytest.mark.asyncio
async def test_it(inbox):
    mail = FastMail(ConnectionConfig(MAIL_FROM="shop@example.com", **inbox.fastapi_config()))
    message = MessageSchema(subject="Welcome", recipients=["zoe@example.com"], body="Hi", subtype=MessageType.plain)
    task = asyncio.create_task(mail.send_message(message))
    assert (await inbox.wait_async(to="zoe@example.com")).subject == "Welcome"
    await task
"""
    run(code, "-W", "ignore::DeprecationWarning", counts="1 passed")


def test_the_tests_of_the_guide_pass(run: Run) -> None:
    """docs/testing.md shows tests; they are these."""
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    django = "from django.conf import settings\nsettings.configure(USE_TZ=True)\n"
    options = ("-W", "ignore::DeprecationWarning")
    run(
        django + code,
        *options,
        ini="django_find_project = false\nasyncio_mode = auto",
        counts=f"{code.count('def test_')} passed",
    )


def test_workers_of_xdist_have_their_own_inboxes_and_tell_what_failed(run: Run, tmp_path: Path) -> None:
    """Mail of one worker is never seen by another; the section comes over, and the files are kept in one place."""
    code = """
import os, pytest
from mailkit import Mailer, MessageBuilder

B = MessageBuilder().from_("shop@example.com").to("zoe@example.com").text("Hi")

@pytest.fixture(scope="session")
def app(inbox_server):
    return inbox_server.url

@pytest.mark.parametrize("number", range(20))
def test_own(inbox, number):
    with Mailer(inbox.url) as mailer:
        mailer.send(B.subject(f"{number}").build())
    assert inbox.only().subject == str(number)

@pytest.mark.parametrize("number", range(20))
def test_shared(app, inbox, number):
    with Mailer(app) as mailer:
        mailer.send(B.subject(f"{number}").build())
    assert inbox.only().subject == str(number)

def test_fails(inbox):
    with Mailer(inbox.url) as mailer:
        mailer.send(B.subject(os.environ["PYTEST_XDIST_WORKER"]).build())
    assert 0

@pytest.mark.mailkit(guard=True)
def test_guarded():
    try:
        Mailer("smtp://mail.example.com").send(B.subject("x").build())
    except Exception:
        pass
"""
    said = run(code, "-n", "2", "--mailkit-keep=kept", counts="2 failed, 40 passed")
    section = said.partition("- mail -")[2]
    assert re.search(r"#\d+ to zoe@example\.com: 'gw\d'", section)
    assert "the test would have sent mail by smtp://mail.example.com:587" in said
    [kept] = (tmp_path / "kept").glob("*/inbox-001.eml")
    assert kept.read_bytes().count(b"Subject: gw") == 1
