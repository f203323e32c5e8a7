"""The API of the inbox over real HTTP: what it answers, whom it refuses, and how it ends."""

import http.client
import json
import mailbox
import threading
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from mailkit import Mailer, Message, MessageBuilder
from mailkit.check import Scanner
from mailkit.errors import ConfigError
from mailkit.inbox import Inbox, Release, Site, app
from mailkit.inbox.web import build
from mailkit.inbox.web.description import description
from mailkit.smtp import Received
from tests.kit.filter import Filter
from tests.kit.web import Web, website


def mail(to: str = "bob@example.com", subject: str = "Hello", **more: str) -> Message:
    builder = MessageBuilder().from_("Ada <ada@example.com>").to(to).subject(subject).text(more.get("text", "Hi"))
    return builder.html(more["html"]).build() if "html" in more else builder.build()


def send(inbox: Inbox, *messages: Message) -> None:
    with Mailer(inbox.url) as mailer:
        for message in messages:
            mailer.send(message)


# -- messages ----------------------------------------------------------------------------------------------------------


def test_messages_when_mail_comes_then_the_newest_is_first_and_a_search_finds_it() -> None:
    """In pages, by what is typed and by fields."""
    with website() as (inbox, web):
        send(inbox, *(mail(f"n{number}@example.com", f"Order {number}") for number in range(5)))
        found = web.get("/api/messages", limit=2, offset=1).json
        assert [one["subject"] for one in found["messages"]] == ["Order 3", "Order 2"]
        assert (found["total"], found["last"]) == (5, 5)
        assert web.get("/api/messages", q='subject:"order 4"').json["total"] == 1
        assert web.get("/api/messages", to="n2@").json["messages"][0]["id"] == 3


def test_messages_when_grouped_then_a_mailing_is_one_line_with_its_count() -> None:
    """And batch: goes into it."""
    with website() as (inbox, web):
        send(inbox, *(mail(f"n{number}@example.com", f"Order {number}") for number in range(5)), mail(subject="Other"))
        found = web.get("/api/messages", grouped=1).json
        assert [(one["subject"], one["count"]) for one in found["messages"]] == [("Other", 1), ("Order 4", 5)]
        assert found["total"] == 2
        assert web.get("/api/messages", q="batch:5").json["total"] == 5
        assert web.get("/api/messages", q="-batch:5").json["total"] == 1


def test_message_when_it_is_asked_for_then_all_of_it_is_told() -> None:
    """Fields, text, parts, envelope with blind copies, transcript, links, code."""
    message = (
        MessageBuilder()
        .from_("ada@example.com")
        .to("bob@example.com")
        .bcc("boss@example.com")
        .subject("Grüße")
        .text("Your code is 417 220: https://example.com/c?x=1")
        .html('<p>Hi <img src="https://example.com/x.png">')
        .attach(b"%PDF", filename="März/../x.pdf", type="application/pdf")
        .build()
    )
    with website() as (inbox, web):
        send(inbox, message)
        found = web.get("/api/messages/1").json
        assert found["subject"] == "Grüße"
        assert found["bcc"] == ["boss@example.com"]
        assert found["envelope"]["recipients"] == ["bob@example.com", "boss@example.com"]
        assert (found["code"], found["links"], found["remote"]) == ("417220", ["https://example.com/c?x=1"], 1)
        assert found["parts"]["type"] == "multipart/mixed"
        assert found["parts"]["parts"][0]["type"] == "multipart/alternative"
        assert "C: DATA" in found["transcript"] or any(line.startswith("C: BDAT") for line in found["transcript"])
        assert ["Subject", "Grüße"] in found["headers"]
        assert found["unread"]
        file = web.get("/api/messages/1/files/0")
        assert file.body == b"%PDF"
        assert file.headers["content-disposition"].startswith("attachment; ")
        assert "/" not in file.headers["content-disposition"].replace("utf-8''", "")
        assert file.headers["content-type"] == "application/octet-stream"
        assert "sandbox" in file.headers["content-security-policy"]


def test_message_when_it_is_marked_then_it_is_so_everywhere() -> None:
    """Read, unread, tagged."""
    with website() as (inbox, web):
        send(inbox, mail())
        assert web.get("/api/messages/1").json["unread"]
        assert not web.get("/api/messages/1", mark="read").json["unread"]
        assert not web.get("/api/messages/1").json["unread"]
        assert web.get("/api/messages", q="is:unread").json["total"] == 0
        changed = web.ask("PATCH", "/api/messages/1", body={"unread": True, "tags": ["Red", "old"]}).json
        assert changed["unread"]
        assert changed["tags"] == ["red", "old"]
        assert web.get("/api/messages", q="tag:red is:unread").json["total"] == 1
        assert web.ask("PATCH", "/api/messages", body={"unread": False}).json == {"changed": 1}


def test_raw_when_downloaded_then_it_is_the_message_to_the_byte() -> None:
    """In the page it is text, in a file the bytes."""
    with website() as (inbox, web):
        send(inbox, mail(html="<p>Hi"))
        caught = inbox.only()
        assert web.get("/api/messages/1/raw", download=1).body == caught.raw
        assert web.get("/api/messages/1/raw").text == caught.raw.decode()
        assert web.get("/api/messages/1/raw").headers["content-type"].startswith("text/plain")
        assert web.get("/api/messages/1/source").text == caught.html


def test_view_when_the_html_is_asked_for_then_it_comes_under_its_own_policy() -> None:
    """In a tab of its own, too: the policy is in the answer, not only in the frame."""
    with website() as (inbox, web):
        send(inbox, mail(html="<p>Hi"))
        closed, images = web.get("/view/1"), web.get("/view/1", images=1)
        assert closed.headers["content-security-policy"].startswith("sandbox ")
        assert "default-src 'none'" in closed.headers["content-security-policy"]
        assert "https:" not in closed.headers["content-security-policy"]
        assert "img-src data: https: http:" in images.headers["content-security-policy"]
        assert web.get("/view/1", scheme="pink").status == 400


def test_delete_when_asked_then_one_or_what_fits_is_gone() -> None:
    """And a second time there is none."""
    with website() as (inbox, web):
        send(inbox, mail(subject="A"), mail(subject="B"), mail(subject="B"))
        assert web.ask("DELETE", "/api/messages/1").json == {"deleted": 1}
        assert web.ask("DELETE", "/api/messages/1").status == 404
        assert web.ask("DELETE", "/api/messages", q="subject:B").json == {"deleted": 2}
        assert len(inbox) == 0


def test_export_and_import_when_mail_goes_round_then_it_is_the_same(tmp_path: Path) -> None:
    """As an mbox that Python reads, and back."""
    with website() as (inbox, web):
        send(inbox, mail(subject="A", text="From here"), mail(subject="B"))
        answer = web.get("/api/export", q="subject:A")
        path = tmp_path / "x.mbox"
        path.write_bytes(answer.body)
        box = mailbox.mbox(path)
        assert [one["Subject"] for one in box] == ["A"]
        box.close()
        assert web.ask("POST", "/api/messages?inbox=old", body=answer.body).json == {"ids": [3]}
        assert web.get("/api/messages/3").json["inbox"] == "old"
        assert inbox.archive.get(3).raw == inbox.archive.get(1).raw  # type: ignore[union-attr]
        assert web.get("/api/export", format="zip").body[:2] == b"PK"
        assert web.ask("POST", "/api/messages", body=b"\0\0").status == 400


def test_difference_when_two_recipients_got_the_same_mailing_then_only_what_differs_is_told() -> None:
    """Line by line, in the fields, the text and the HTML."""
    with website() as (inbox, web):
        for name in ("Ann", "Bob"):
            send(inbox, mail(f"{name}@example.com", text=f"Dear {name},\nthe same", html=f"<p>{name}</p><p>same</p>"))
        parts = {one["name"]: one for one in web.get("/api/messages/1/difference/2").json["parts"]}
        changed = [one for one in parts["Text"]["blocks"] if not one["same"]]
        assert changed == [{"same": False, "left": ["Dear Ann,"], "right": ["Dear Bob,"]}]
        assert [one["left"] for one in parts["HTML"]["blocks"] if not one["same"]] == [["<p>Ann</p>"]]
        assert web.get("/api/messages/1/difference/9").status == 404


# -- waiting, faults, and the rest --------------------------------------------------------------------------------------


def test_wait_when_the_message_comes_later_then_the_answer_comes_with_it() -> None:
    """The server waits, the client asks once."""
    with website() as (inbox, web):
        found: list[object] = []
        waiting = threading.Thread(
            target=lambda: found.append(
                web.get("/api/wait", to="zoe@example.com", subject="Welcome", timeout=30).json["id"]
            )
        )
        waiting.start()
        send(inbox, mail(), mail("zoe@example.com", "Welcome aboard"))
        waiting.join()
        assert found == [2]


def test_wait_when_nothing_comes_then_the_error_tells_what_did() -> None:
    """A test that fails says why."""
    with website() as (inbox, web):
        send(inbox, mail())
        answer = web.get("/api/wait", to="zoe@example.com", timeout=0)
        assert answer.status == 404
        assert "#1 to bob@example.com: 'Hello'" in answer.json["error"]
        assert web.get("/api/wait", after=1, timeout=0).status == 404


def test_rules_when_added_over_the_api_then_the_server_does_wrong() -> None:
    """Counted, numbered, and taken away again."""
    with website() as (inbox, web):
        added = web.ask("POST", "/api/rules", body={"rule": "rcpt bob@* 550 'no such'"})
        assert added.status == 201
        with Mailer(inbox.url) as mailer:
            assert mailer.send(
                MessageBuilder().from_("a@example.com").to("bob@example.com", "zoe@example.com").text("x").build()
            ).refused
        (rule,) = web.get("/api/rules").json["rules"]
        assert (rule["rule"], rule["acted"]) == ("rcpt bob@*: 550 5.1.1 no such", 1)
        assert web.get("/api/sessions").json["sessions"] == []
        assert web.ask("DELETE", f"/api/rules/{rule['number']}").json == {"deleted": 1}
        assert web.ask("DELETE", f"/api/rules/{rule['number']}").status == 404
        bad = web.ask("POST", "/api/rules", body={"rule": "sometimes 550"})
        assert bad.status == 400
        assert "stage" in bad.json["error"]


def test_release_when_it_is_not_allowed_then_it_is_refused_and_when_it_is_then_it_goes() -> None:
    """Off unless configured."""
    with website() as (inbox, web):
        send(inbox, mail())
        assert web.ask("POST", "/api/messages/1/release", body={}).status == 400
    with Inbox() as relay, website(release=Release(relay.url, ("me@example.org",))) as (inbox, web):
        send(inbox, mail())
        assert web.ask("POST", "/api/messages/1/release", body={}).status == 400
        answer = web.ask("POST", "/api/messages/1/release", body={"to": ["me@example.org"]})
        assert answer.json["outcomes"][0]["status"] == "accepted"
        assert relay.only().recipients == ("me@example.org",)


def test_info_when_asked_then_it_tells_where_to_send_and_no_secret() -> None:
    """Ports, caps, what may be done."""
    with (
        Inbox(users={"ada": "hunter2"}) as inbox,
        Site(inbox, release=Release("smtp://u:hunter3@relay.example", ("me@example.org",))) as site,
    ):
        answer = Web(site.port).get("/api/info")
        assert answer.json["port"] == inbox.port
        assert answer.json["release_to"] == ["me@example.org"]
        assert "hunter" not in answer.text


def test_events_when_mail_comes_then_they_tell_of_it_and_end_when_the_site_ends() -> None:
    """And an end with a page that is open does not hang."""
    with Inbox() as inbox:
        site = Site(inbox)
        with site:
            connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
            connection.request("GET", "/api/events")
            stream = connection.getresponse()

            def event() -> dict[str, int]:
                while not (line := stream.readline()).startswith(b"data: "):
                    assert line
                return json.loads(line[6:])  # type: ignore[no-any-return]

            assert event()["total"] == 0
            send(inbox, mail())
            while event()["total"] != 1:
                pass
        assert b"data" not in stream.read()
        connection.close()


def test_openapi_when_read_then_it_has_every_route_and_no_other() -> None:
    """What is documented is what there is."""
    with Inbox() as inbox:
        guard, _ = build(inbox)
        routes = {
            (route.path.replace(":int", ""), method.lower())
            for route in guard.application.routes  # type: ignore[attr-defined]
            for method in getattr(route, "methods", None) or ()
            if method != "HEAD" and route.path != "/"
        }
    described = {(path, method) for path, methods in description()["paths"].items() for method in methods}
    assert routes == described


# -- what is wrong with a mail -------------------------------------------------------------------------------------------


def test_html_check_when_asked_then_it_tells_features_lines_and_clients() -> None:
    """As check_html does; a mail without HTML has none."""
    with website() as (inbox, web):
        send(inbox, mail(html='<p>\n<b style="float: left">Hi</b></p>'), mail())
        found = web.get("/api/messages/1/html-check").json
        assert [(one["slug"], one["lines"]) for one in found["findings"]] == [("css-float", [2])]
        assert found["findings"][0]["clients"][0]["support"] == "no"
        assert web.get("/api/messages/2/html-check").json["findings"] == []


def test_lint_when_asked_then_it_knows_the_envelope() -> None:
    """Nobody else is asked."""
    scanner = Filter()
    with website(scanner=scanner) as (inbox, web):
        inbox.archive.add(
            Received("a@shop.se", ("x@shop.se",), b"From: a@shop.se\r\nTo: b@shop.se\r\n\r\nHi {{ x }}", "me")
        )
        found = web.get("/api/messages/1/lint").json["findings"]
        assert [one["rule"] for one in found] == ["unrendered", "no-subject", "not-in-envelope"]
        assert scanner.asked == []


def test_scan_when_a_filter_is_configured_then_it_gets_message_and_envelope() -> None:
    """Only when it is asked for, and by POST: no image of a foreign page can ask."""
    scanner = Filter()
    with website(scanner=scanner) as (inbox, web):
        send(inbox, mail("bob@example.com"))
        assert web.get("/api/info").json["scanner"] == scanner.name
        assert web.get("/api/messages/1/scan").status == 405
        found = web.ask("POST", "/api/messages/1/scan").json
        assert (found["score"], found["is_spam"], found["symbols"][0]["name"]) == (6.5, True, "SHOUTING")
        ((raw, envelope),) = scanner.asked
        assert raw == inbox.archive.first().raw
        assert (envelope["sender"], envelope["recipients"]) == ("ada@example.com", ("bob@example.com",))


def test_scan_when_no_filter_is_configured_or_it_is_down_then_that_is_said() -> None:
    """With what to do."""
    with website() as (inbox, web):
        send(inbox, mail())
        answer = web.ask("POST", "/api/messages/1/scan")
        assert (answer.status, web.get("/api/info").json["scanner"]) == (404, "")
        assert "--spam" in answer.json["hint"]
    with website(scanner=Scanner.open("spamd://127.0.0.1:1")) as (inbox, web):
        send(inbox, mail())
        answer = web.ask("POST", "/api/messages/1/scan")
        assert answer.status == 502
        assert "127.0.0.1:1" in answer.json["error"]


# -- whom it refuses ---------------------------------------------------------------------------------------------------

PATHS = [
    *(
        "/",
        "/static/main.js",
        "/api/info",
        "/api/messages",
        "/api/messages/1",
        "/api/messages/1/raw",
        "/api/messages/1/source",
    ),
    *(
        "/api/messages/1/files/0",
        "/api/messages/1/difference/1",
        "/api/messages/1/html-check",
        "/api/messages/1/lint",
        "/view/1",
        "/api/wait?timeout=0",
        "/api/events",
        "/api/rules",
    ),
    *("/api/inboxes", "/api/sessions", "/api/export", "/api/openapi.json", "/nowhere"),
]


@pytest.mark.parametrize("path", PATHS)
def test_host_when_it_is_not_ours_then_every_route_refuses(path: str) -> None:
    """DNS rebinding: a page of evil.example, whose name leads here, reads nothing."""
    with website() as (inbox, web):
        send(inbox, mail())
        for host in (
            "evil.example",
            "evil.example:8025",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "",
            "[::2]",
        ):
            answer = web.get(path, headers={"Host": host})
            assert answer.status == 403, host
            assert b"Hello" not in answer.body


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:8025", "127.8.9.1", "[::1]:8025", "mail.test"]
)
def test_host_when_it_is_ours_then_it_is_answered(host: str) -> None:
    """The loopback's names, and those that were allowed."""
    with website(hosts=["Mail.Test"]) as (_, web):
        assert web.get("/api/info", headers={"Host": host}).status == 200


@pytest.mark.parametrize("path", PATHS)
def test_origin_when_it_is_foreign_then_every_route_refuses(path: str) -> None:
    """A page elsewhere, a mail in its frame (null), another port of this machine."""
    with website() as (inbox, web):
        send(inbox, mail())
        for origin in (
            "https://evil.example",
            "null",
            "http://localhost:1",
            f"http://localhost:{web.port}.evil.example",
            "",
        ):
            answer = web.get(path, headers={"Host": f"localhost:{web.port}", "Origin": origin})
            assert answer.status == 403, origin
        for site in ("cross-site", "same-site"):
            answer = web.get(
                path, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
            )
            assert answer.status == 403
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "PUT", "OPTIONS"])
def test_origin_when_a_foreign_page_would_change_something_then_nothing_changes(method: str) -> None:
    """Neither with a simple request nor after asking first."""
    with website() as (inbox, web):
        send(inbox, mail())
        headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        for path in ("/api/messages", "/api/messages/1", "/api/rules", "/api/messages/1/release"):
            assert web.ask(method, path, body={}, headers=headers).status == 403
        assert len(inbox) == 1


def test_origin_when_it_is_the_pages_own_then_it_may_change_things() -> None:
    """With the very host and port that it was asked for."""
    with website() as (inbox, web):
        send(inbox, mail())
        headers = {
            "Host": f"localhost:{web.port}",
            "Origin": f"http://localhost:{web.port}",
            "Sec-Fetch-Site": "same-origin",
        }
        assert web.ask("DELETE", "/api/messages", headers=headers).json == {"deleted": 1}


def test_visit_when_somebody_follows_a_link_to_the_page_then_it_opens() -> None:
    """From a chat, or from documentation; but nothing of it can be framed."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    with website() as (_, web):
        answer = web.get("/", headers=headers)
        assert answer.status == 200
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert web.get("/", headers={**headers, "Sec-Fetch-Dest": "iframe"}).status == 403
        assert web.get("/api/messages", headers=headers).status == 403


def test_answers_all_have_the_headers_that_keep_them_here() -> None:
    """Errors and files, too."""
    with website() as (_, web):
        for path in ("/", "/static/style.css", "/api/info", "/api/messages/9", "/nowhere", "/static/../app.py"):
            headers = web.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["referrer-policy"] == "no-referrer"
            assert "content-security-policy" in headers
            assert "server" not in headers


# -- what cannot be asked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/messages?limit=x", 400),
        ("/api/messages?offset=-1", 400),
        ("/api/messages?q=before:yesterday", 400),
        ("/api/messages?q=" + "a" * 2000, 400),
        ("/api/messages/99", 404),
        ("/api/messages/99999999999999999999999", 404),
        ("/api/messages/x", 404),
        ("/api/wait?timeout=nan", 400),
        ("/api/wait?timeout=-1", 400),
        ("/api/export?format=exe", 400),
        ("/static/..%2fapp.py", 404),
        ("/static/%2e%2e/%2e%2e/site.py", 404),
        ("/nowhere", 404),
    ],
)
def test_request_when_it_makes_no_sense_then_the_error_says_what_is_wrong(path: str, status: int) -> None:
    """In JSON, with a hint; nothing breaks."""
    with website() as (_, web):
        answer = web.get(path)
        assert answer.status == status
        assert answer.json["error"]


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"\xff", b"[" * 90_000, b'{"unread": 1}', b'{"unread": true, "x": 1}', b'{"tags": [1]}']
)
def test_body_when_it_is_not_what_is_wanted_then_it_is_refused(body: bytes) -> None:
    """Hostile JSON, too."""
    with website() as (inbox, web):
        send(inbox, mail())
        assert web.ask("PATCH", "/api/messages/1", body=body).status == 400


def test_body_when_it_is_too_large_then_it_is_not_read_to_its_end() -> None:
    """A cap on everything."""
    with website() as (_, web):
        assert web.ask("POST", "/api/rules", body=b" " * 200_000).status == 413


# -- serving -----------------------------------------------------------------------------------------------------------


def test_site_when_the_port_is_taken_then_the_error_is_instant_and_clear() -> None:
    """Not a traceback of a server's, a second later."""
    with website() as (inbox, web), pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{web.port}"):
        Site(inbox, port=web.port).__enter__()


def test_app_when_it_is_mounted_then_it_works_under_its_path() -> None:
    """All addresses in the page are relative."""
    with Inbox() as inbox:
        outer = Starlette(routes=[Mount("/dev/inbox", app(inbox))])
        site = Site(inbox)
        site._application = outer
        with site:
            web = Web(site.port)
            assert web.get("/dev/inbox/api/info").status == 200
            page = web.get("/dev/inbox/").text
            assert 'src="/' not in page
            assert 'href="/' not in page
            assert web.get("/dev/inbox/static/main.js").status == 200
            assert web.get("/dev/inbox/api/info", headers={"Host": "evil.example"}).status == 403
