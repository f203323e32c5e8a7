"""Links to unsubscribe: in the messages, and where they lead."""

import asyncio
import os
import re
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from lxml import html as lxml_html
from starlette.applications import Starlette
from starlette.routing import Mount

from mailkit import Mailer, Message, Templates, clock
from mailkit.bulk import Campaign, Reason, Suppressions, Unsubscribe
from mailkit.bulk.links import Link
from mailkit.bulk.suppression import _TABLE
from mailkit.bulk.unsubscribe import Page, app
from mailkit.errors import ConfigError, SuppressionError
from mailkit.transport.memory import MemoryTransport

BASE = "https://news.example.com/leave"
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}
TEMPLATE = 'Subject: News\n\nDear {{ name }}, <a href="{{ unsubscribe_url }}">leave</a>'


def campaign(suppressions: Suppressions | Path, unsubscribe: Unsubscribe, **options: Any) -> Campaign:
    people = [{"email": f"n{number}@example.com", "name": f"N {number}"} for number in range(options.pop("count", 2))]
    given: dict[str, Any] = {"template": "news.html", "templates": Templates({"news.html": TEMPLATE}), "name": "spring"}
    given |= {"recipients": people, "from_": "ada@example.com"}
    return Campaign(**{**given, "suppressions": suppressions, "unsubscribe": unsubscribe, **options})


def sent(one: Campaign) -> list[Message]:
    transport = MemoryTransport()
    one.send(Mailer(transport))
    return sorted(transport.messages, key=lambda message: message.to[0].email)


# -- what is in the message --------------------------------------------------------------------------------------------


def test_message_has_the_one_click_pair_of_its_own_recipient() -> None:
    """RFC 8058: an https URL in List-Unsubscribe, beside List-Unsubscribe-Post, and the same link in the body."""
    offer = Unsubscribe(BASE, "leave+{token}@example.com")
    first, second = sent(campaign(Suppressions(None), offer))
    links = []
    for message in (first, second):
        found = re.fullmatch(
            rf"<({BASE}/([0-9a-f]{{32}}))>, <mailto:leave\+\2@example\.com>", message.headers["List-Unsubscribe"]
        )
        assert found, message.headers["List-Unsubscribe"]
        assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert found[1] in (message.html or "")
        assert found[1] in (message.text or "")
        links.append(found[1])
    assert links[0] != links[1]


def test_link_gives_nothing_away() -> None:
    """No address is in it, and the Message-ID, which whoever gets an answer can read, does not tell it."""
    (message,) = sent(campaign(Suppressions(None), Unsubscribe(BASE), count=1))
    link = message.headers["List-Unsubscribe"]
    token = link.rpartition("/")[2].rstrip(">")
    assert "n0" not in link.replace(token, "")
    assert token not in message.message_id


def test_link_is_the_same_on_every_attempt(tmp_path: Path) -> None:
    """Another message to the same recipient of the same campaign has the same link."""
    one = campaign(Suppressions(None), Unsubscribe(BASE), journal=tmp_path / "j.db", count=1, in_doubt="resend")
    (first,) = sent(one)
    db = sqlite3.connect(tmp_path / "j.db")
    db.execute("UPDATE recipient SET state = 'pending', next_attempt_at = 0")
    db.commit()
    db.close()
    (second,) = sent(one)
    assert bytes(first) == bytes(second)


def test_link_goes_before_what_template_and_list_say() -> None:
    """A template's own line, or a column that is left over from another system, must not send people astray."""
    templates = Templates({"news.html": f"Unsubscribe: https://old.example.com/\n{TEMPLATE}"})
    people = [{"email": "zoe@example.com", "name": "Zoë", "unsubscribe_url": "https://old.example.com/7"}]
    one = campaign(Suppressions(None), Unsubscribe(BASE), templates=templates, recipients=people)
    (message,) = sent(one)
    assert "old.example.com" not in bytes(message).decode()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (BASE, f"{BASE}/7kq3"),
        (f"{BASE}/", f"{BASE}/7kq3"),
        ("https://example.com/{token}/leave", "https://example.com/7kq3/leave"),
        ("https://example.com/?t={token}", "https://example.com/?t=7kq3"),
        ("http://127.0.0.1:8000/u", "http://127.0.0.1:8000/u/7kq3"),
        ("", ""),
    ],
)
def test_link_has_the_token_where_the_url_says(url: str, expected: str) -> None:
    """In its place, or at the end."""
    assert Unsubscribe(url, "leave@example.com").link("7kq3") == expected


@pytest.mark.parametrize(
    ("url", "mailto", "title"),
    [
        ("", "", ""),
        ("http://news.example.com/leave", "", ""),
        ("ftp://news.example.com/leave", "", ""),
        ("https:///leave", "", ""),
        ("https://[::1/leave", "", ""),
        ("https://ada:secret@news.example.com/", "", ""),
        ("https://news.example.com/?list=7", "", ""),
        ("https://news.example.com/#leave", "", ""),
        ("https://news.example.com/a b", "", ""),
        ("https://news.example.com/a>,<https://evil.example/", "", ""),
        ("https://news.example.com/\r\nBcc: eve@example.com", "", ""),
        ("", "no address", ""),
        ("", "a@example.com, b@example.com", ""),
        (BASE, "", "two\nlines"),
    ],
)
def test_offer_that_cannot_work_is_refused(url: str, mailto: str, title: str) -> None:
    """At once, and not by the first recipient."""
    with pytest.raises(ConfigError):
        Unsubscribe(url, mailto, title)


def test_campaign_with_links_and_no_list_is_refused() -> None:
    """Nobody would know whom a link stands for."""
    with pytest.raises(ConfigError, match="no list"):
        campaign(None, Unsubscribe(BASE))  # type: ignore[arg-type]
    campaign(None, Unsubscribe(mailto="leave@example.com"))  # type: ignore[arg-type]  # this one has no token


def test_links_are_remembered_before_a_message_leaves() -> None:
    """A link works as soon as anybody can have read it."""
    unknown: list[str] = []

    class Looking(MemoryTransport):
        def send(self, envelope: Any, message: Message) -> Any:
            token = message.headers["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
            if suppressions.links.recall(token) is None:
                unknown.append(token)
            return super().send(envelope, message)

    suppressions = Suppressions(None)
    transport = Looking()
    campaign(suppressions, Unsubscribe(BASE), count=600).send(Mailer(transport))
    assert len(transport.messages) == 600
    assert unknown == []


def test_run_whose_links_cannot_be_kept_sends_nothing(tmp_path: Path) -> None:
    """A message with a dead link would be worse than none: the run stops, and the next one sends it."""
    kept = Suppressions(tmp_path / "gone.db")
    db = sqlite3.connect(tmp_path / "gone.db", isolation_level=None)
    db.execute("CREATE TRIGGER full BEFORE INSERT ON link BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
    transport = MemoryTransport()
    one = campaign(kept, Unsubscribe(BASE), journal=tmp_path / "j.db", count=5)
    with pytest.raises(SuppressionError, match="full"):
        one.send(Mailer(transport))
    assert transport.messages == []
    db.execute("DROP TRIGGER full")
    assert len(sent(one)) == 5


def test_list_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """Who was on it stays on it."""
    db = sqlite3.connect(tmp_path / "gone.db", isolation_level=None)
    db.execute(_TABLE)
    db.execute("INSERT INTO suppression VALUES ('zoe@example.com', 'unsubscribed', '', 0, NULL)")
    db.execute(f"PRAGMA application_id = {0x6D6B7375}")
    db.execute("PRAGMA user_version = 1")
    db.close()
    with Suppressions(tmp_path / "gone.db") as suppressions:
        assert suppressions.find("zoe@example.com")
        suppressions.links.remember([("a" * 26, "bob@example.com")], campaign="spring")
        assert suppressions.links.recall("a" * 26) == Link("bob@example.com", "spring")


def test_links_of_old_campaigns_can_be_forgotten() -> None:
    """Those of campaigns that still send are kept."""
    links = Suppressions(None).links
    links.remember([("a" * 26, "zoe@example.com")], campaign="spring")
    assert links.forget(clock.now() - timedelta(days=60)) == 0
    assert links.forget(clock.now() + timedelta(days=1)) == 1
    assert links.recall("a" * 26) is None


# -- where they lead ---------------------------------------------------------------------------------------------------


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def buttons(self) -> list[str]:
        """The names of what the forms of the page send."""
        return [str(one.get("name")) for one in lxml_html.fromstring(self.body).iterfind(".//form/input")]


@dataclass
class Site:
    """The application with one link in its list, asked without a server."""

    suppressions: Suppressions = field(default_factory=lambda: Suppressions(None))
    changes: list[tuple[str, str, bool]] = field(default_factory=list)
    title: str = "Harbour News"
    token: str = "0" * 32
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.suppressions.links.remember([(self.token, "zoe@example.com")], campaign="spring", title=self.title)
        given = {"observer": lambda *change: self.changes.append(change), **self.options}
        self.app = app(self.suppressions, **given)

    def ask(
        self,
        method: str,
        body: bytes | list[bytes] = b"",
        *,
        path: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        parts = body if isinstance(body, list) else [body]
        events = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, start=1)
        ]
        said: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "method": method,
            "path": f"/leave/{self.token}" if path is None else path,
            "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        }

        async def receive() -> dict[str, Any]:
            return events.pop(0)

        async def send(event: Any) -> None:
            said.append(event)

        asyncio.run(self.app(scope, receive, send))
        found = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        return Answer(said[0]["status"], found, said[1]["body"].decode())

    @property
    def has_left(self) -> bool:
        return self.suppressions.find("zoe@example.com") is not None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_shows_a_page_and_changes_nothing(method: str) -> None:
    """Security gateways follow every link of a mail: that must not unsubscribe everybody behind them."""
    site = Site()
    for _ in range(3):
        answer = site.ask(method)
    assert (answer.status, site.has_left, site.changes) == (200, False, [])
    assert answer.buttons == ["List-Unsubscribe"] if method == "GET" else answer.body == ""


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ONE_CLICK, FORM),
        ([b"List-Unsub", b"scribe=One-Click"], FORM),
        (
            b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
            {"content-type": "multipart/form-data; boundary=x"},
        ),
        (ONE_CLICK, {**FORM, "origin": "null", "cookie": "a=b"}),
        (b"", {}),
    ],
)
def test_post_unsubscribes_without_session_token_or_redirect(body: Any, headers: dict[str, str]) -> None:
    """RFC 8058 3.2: a mail program posts by itself, in either form, with no cookie and no token of a framework."""
    site = Site()
    answer = site.ask("POST", body, headers=headers)
    assert answer.status == 200
    assert "location" not in answer.headers
    found = site.suppressions.find("zoe@example.com")
    assert found is not None
    assert (found.reason, found.source) == (Reason.UNSUBSCRIBED, "spring")
    assert site.changes == [("zoe@example.com", "spring", True)]


def test_post_a_second_time_changes_nothing_more() -> None:
    """Mail programs try again when they got no answer."""
    site = Site()
    answers = [site.ask("POST", ONE_CLICK).status for _ in range(3)]
    assert answers == [200, 200, 200]
    assert len(site.changes) == 1


def test_person_may_take_it_back_and_leave_again() -> None:
    """Whoever pressed the button by mistake is not lost."""
    site = Site()
    done = site.ask("POST", ONE_CLICK)
    assert done.buttons == ["undo"]
    undone = site.ask("POST", b"undo=1", headers=FORM)
    assert (undone.buttons, site.has_left) == (["List-Unsubscribe"], False)
    site.ask("POST", ONE_CLICK)
    assert site.has_left
    assert [left for _, _, left in site.changes] == [True, False, True]


@pytest.mark.parametrize("reason", [Reason.COMPLAINED, Reason.BOUNCED, Reason.MANUAL])
@pytest.mark.parametrize("address", ["zoe@example.com", "@example.com"])
def test_what_was_not_said_here_is_not_taken_back_here(reason: Reason, address: str) -> None:
    """Who has complained, does not exist, or was barred by the operator stays so."""
    site = Site()
    site.suppressions.add(address, reason)
    answer = site.ask("POST", b"undo=1", headers=FORM)
    assert "undo" not in answer.buttons
    found = site.suppressions.find("zoe@example.com")
    assert found is not None
    assert found.reason is reason
    assert site.changes == []


def test_person_at_a_barred_domain_unsubscribes_for_themselves() -> None:
    """When the domain is taken off the list again, the person stays on it."""
    site = Site()
    site.suppressions.add("@example.com")
    site.ask("POST", ONE_CLICK)
    site.suppressions.remove("@example.com")
    assert site.has_left


@pytest.mark.parametrize(
    "path",
    ["", "/", "/leave/", "/leave/" + "b" * 26, "/leave/" + "Z" * 26, "/leave/" + "9" * 26, "/x' OR 1=1--", "/é\x00"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_link_that_nobody_knows_says_so(method: str, path: str) -> None:
    """And it says the same whatever is asked for, so that nothing can be found out by trying."""
    site = Site()
    answer = site.ask(method, ONE_CLICK, path=path)
    assert (answer.status, answer.buttons, site.has_left) == (404, [], False)
    assert "example" not in answer.body


def test_page_shows_the_list_and_a_masked_address() -> None:
    """Whoever was forwarded the message learns nobody's address."""
    body = Site().ask("GET").body
    assert "Harbour News" in body
    assert "z•••@e•••.com" in body
    assert "zoe" not in body


def test_page_with_a_hostile_title_shows_it_as_text() -> None:
    """What comes from a campaign is text, never markup."""
    body = Site(title="<script>alert(1)</script>").ask("GET").body
    assert "<script" not in body
    assert "&lt;script&gt;" in body


def test_page_is_not_kept_framed_or_told_to_others() -> None:
    """Whoever reads the link can use it; and a page in a frame could be clicked by fraud."""
    answer = Site().ask("GET")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "noindex" in answer.headers["x-robots-tag"]
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    tree = lxml_html.fromstring(answer.body)
    assert not tree.xpath("//script | //@src | //link | //@onclick | //form/@action")


@pytest.mark.parametrize(
    ("asked", "language", "word"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de", "Abmelden"),
        ("xx, fr;q=0.3, en;q=0.8", "en", "Unsubscribe"),
        ("pt-BR", "pt", "Cancelar"),
        ("en;q=0, nl", "nl", "Afmelden"),
        ("", "en", "Unsubscribe"),
        ("de;q=nonsense, ;;;, " + "x," * 500, "en", "Unsubscribe"),
    ],
)
def test_page_speaks_the_language_of_the_browser(asked: str, language: str, word: str) -> None:
    """English if it has none of them, and if the header is nonsense."""
    answer = Site().ask("GET", headers={"accept-language": asked})
    assert answer.headers["content-language"] == language
    assert f'lang="{language}"' in answer.body
    assert word in answer.body


def test_page_of_ones_own_takes_the_place_of_the_usual_one() -> None:
    """With what there is to say, the title and the address to show."""

    def own(page: Page) -> str:
        return f"<p>{page.view} {page.title} {page.address}</p><form method=post></form>"

    site = Site(options={"render": own})
    assert site.ask("GET").body.startswith("<p>ask Harbour News z•••@e•••.com</p>")
    assert site.ask("POST", ONE_CLICK).body.startswith("<p>done")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(method: str) -> None:
    """And those that are taken are named."""
    site = Site()
    answer = site.ask(method)
    assert (answer.status, answer.headers["allow"], site.has_left) == (405, "GET, HEAD, POST", False)


def test_body_that_is_long_is_not_read_to_its_end() -> None:
    """Memory stays bounded; one click has 26 bytes."""
    site = Site()
    answer = site.ask("POST", [b"x" * 10_000] * 3)
    assert (answer.status, site.has_left) == (413, False)


def test_list_that_cannot_be_written_asks_to_try_again(tmp_path: Path) -> None:
    """503 lets mail programs try again; the page does not claim what is not so."""
    site = Site(Suppressions(tmp_path / "gone.db"))
    db = sqlite3.connect(tmp_path / "gone.db", isolation_level=None)
    db.execute(
        "CREATE TRIGGER no BEFORE INSERT ON suppression BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    answer = site.ask("POST", ONE_CLICK)
    assert (answer.status, answer.headers["retry-after"], site.has_left) == (503, "120", False)
    assert "gone.db" not in answer.body


def test_observer_that_fails_takes_nothing_back() -> None:
    """The person's word stands, and the page says so."""

    def broken(*change: object) -> None:
        raise RuntimeError("the other database is away")

    site = Site(options={"observer": broken})
    assert site.ask("POST", ONE_CLICK).status == 200
    assert site.has_left


def test_app_without_a_list_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the environment names it."""
    monkeypatch.delenv("MAILKIT_SUPPRESSIONS", raising=False)
    with pytest.raises(ConfigError, match="no list"):
        app()
    monkeypatch.setenv("MAILKIT_SUPPRESSIONS", os.fspath(tmp_path / "gone.db"))
    assert app()


def test_who_unsubscribes_gets_nothing_more(tmp_path: Path) -> None:
    """From the message by the link to the next campaign, through the file that all of them share."""
    gone = tmp_path / "gone.db"
    messages = sent(campaign(gone, Unsubscribe(BASE, title="News"), name="spring"))
    token = messages[0].headers["List-Unsubscribe"].rpartition("/")[2].rstrip(">")
    with Suppressions(gone) as suppressions:
        Site(suppressions).ask("POST", ONE_CLICK, path=f"/leave/{token}")
    report = campaign(gone, Unsubscribe(BASE), name="summer").send(Mailer("null:"))
    assert (report.sent, report.suppressed, report.exit_code) == (1, 1, 0)


# -- in a server -------------------------------------------------------------------------------------------------------


@contextmanager
def served(application: Any) -> Iterator[str]:
    """Run a real ASGI server on a free port; with a string, as its command would."""
    config = uvicorn.Config(application, port=0, log_level="error", factory=isinstance(application, str))
    server = uvicorn.Server(config)
    started = threading.Event()
    startup = server.startup

    async def told(*arguments: Any, **options: Any) -> None:
        await startup(*arguments, **options)
        started.set()

    server.startup = told  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert started.wait(30)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def mounted(inner: Any) -> Any:
    return Starlette(routes=[Mount("/newsletter/leave", app=inner)])


@pytest.mark.parametrize(("wrap", "prefix"), [(lambda inner: inner, ""), (mounted, "/newsletter/leave")])
def test_app_works_alone_and_mounted_in_a_framework(wrap: Callable[[Any], Any], prefix: str) -> None:
    """Over real HTTP: the page by GET, one click by POST, and a page for a link that is none."""
    site = Site()
    with served(wrap(site.app)) as base:
        link = f"{base}{prefix}/{site.token}"
        with urllib.request.urlopen(link) as answer:
            assert (answer.status, site.has_left) == (200, False)
        with urllib.request.urlopen(urllib.request.Request(link, data=ONE_CLICK)) as answer:
            assert answer.status == 200
            assert answer.url == link
        assert site.has_left
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(link[:-1])


def test_app_by_its_name_takes_the_list_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``uvicorn --factory mailkit.bulk.unsubscribe:app`` is all that it takes; the list is closed with the server."""
    gone = tmp_path / "gone.db"
    monkeypatch.setenv("MAILKIT_SUPPRESSIONS", os.fspath(gone))
    with Suppressions(gone) as suppressions, served("mailkit.bulk.unsubscribe:app") as base:
        site = Site(suppressions)
        urllib.request.urlopen(urllib.request.Request(f"{base}/{site.token}", data=ONE_CLICK)).close()
        assert site.has_left
