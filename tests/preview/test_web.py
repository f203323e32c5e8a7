"""The API of the previews over real HTTP: what it answers, whom it refuses, and how it ends."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailkit import Templates
from mailkit.errors import ConfigError
from mailkit.preview import Previews, PreviewSite
from tests.kit.filter import Filter
from tests.kit.web import Answer, Web


@contextmanager
def website(folder: Path, **options: Any) -> Iterator[Web]:
    """Run the page of a folder; ``options`` are the site's."""
    with PreviewSite(Previews(Templates(folder)), **options) as site:
        yield Web(site.port)


def render(web: Web, template: str = "welcome.html", **more: object) -> Any:
    answer = web.ask("POST", "/api/previews", body={"template": template, **more})
    assert answer.status == 200, answer.text
    return answer.json


def test_previews_when_rendered_then_each_part_is_there_to_ask_for(folder: Path) -> None:
    """Facts at once; source, raw, text, checks and files under the number."""
    with website(folder) as web:
        told = render(web, locale="de")
        assert told["subject"] == "Willkommen, Zoë"
        assert told["file"] == "welcome.de.html"
        assert told["stand_ins"] == ["To"]
        assert told["sample"] == "welcome.sample.json"
        assert json.loads(told["sample_data"])["name"] == "Zoë"
        one = f"/api/previews/{told['id']}"
        assert "<h1>Hallo, Zoë</h1>" in web.get(f"{one}/source").text
        assert web.get(f"{one}/raw").text.startswith("From: Fernlight <hello@fernlight.example>\r\n")
        assert web.get(f"{one}/raw", download=1).headers["content-disposition"] == "attachment; filename=welcome.eml"
        assert [one["name"] for one in web.get(f"{one}/template").json["files"]] == [
            "welcome.de.html",
            "welcome.html",
            "layouts/base.html",
        ]
        assert "findings" in web.get(f"{one}/lint").json
        assert web.get(f"{one}/html-check").json["findings"][0]["origins"]
        assert web.get(f"{one}/files/0").status == 404
        assert web.ask("POST", f"{one}/scan").json["hint"].startswith("Start with --spam")


def test_view_when_asked_for_then_the_policy_is_that_of_mail(folder: Path) -> None:
    """A sandbox that loads nothing, unless images are asked for; the answers that are text are no pages."""
    with website(folder) as web:
        number = render(web)["id"]
        shown = web.get(f"/view/{number}", scheme="dark")
        assert "<h1>Hello, Zoë</h1>" in shown.text
        policy = shown.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-popups")
        assert "default-src 'none'" in policy
        assert "https:" not in policy
        assert "img-src data: https:" in web.get(f"/view/{number}", images=1).headers["content-security-policy"]
        assert web.get(f"/view/{number}", scheme="pink").status == 400
        source = web.get(f"/api/previews/{number}/source")
        assert source.headers["content-type"].startswith("text/plain")
        assert source.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_previews_when_a_template_does_not_render_then_the_card_has_all_that_is_known(folder: Path) -> None:
    """File, line, the lines around it, and a hint; nothing else is there."""
    (folder / "bad.html").write_text("Subject: x\n\n<p>\n{{ nmae }}\n</p>\n")
    with website(folder) as web:
        told = render(web, "bad.html", data='{"name": 1}')
        assert told["problem"] == {
            "kind": "variable-missing",
            "title": "There is no 'nmae' in the data",
            "hint": "Did you mean 'name'?",
            "name": "bad.html",
            "line": 4,
            "excerpt": [[1, "Subject: x"], [2, ""], [3, "<p>"], [4, "{{ nmae }}"], [5, "</p>"], [6, ""]],
        }
        assert "subject" not in told
        one = f"/api/previews/{told['id']}"
        assert web.get(f"{one}/template").json["files"][0]["name"] == "bad.html"
        assert web.get(f"{one}/raw").text == ""
        assert web.get(f"{one}/lint").json == {"findings": []}
        assert web.get(f"/view/{told['id']}").status == 200


def test_scan_when_a_filter_is_configured_then_it_is_asked(folder: Path) -> None:
    """And only then; with the envelope that the message would have."""
    with website(folder, scanner=Filter()) as web:
        assert web.get("/api/info").json["scanner"]
        verdict = web.ask("POST", f"/api/previews/{render(web)['id']}/scan").json
        assert verdict["score"] == 6.5


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "JSON object"),
        (b"[]", "JSON object"),
        (b"[" * 100_000, "JSON object"),
        (b"\xff", "JSON object"),
        ({}, "are names"),
        ({"template": 1}, "are names"),
        ({"template": "welcome.html", "data": {}}, "as text"),
        ({"template": "nope.html"}, "no template 'nope.html'"),
        ({"template": "../conftest.py"}, "no template"),
        ({"template": "/etc/passwd"}, "no template"),
    ],
)
def test_previews_when_asked_nonsense_then_the_answer_says_so(folder: Path, body: object, word: str) -> None:
    """A 400 for who asks, and no way out of the folder."""
    with website(folder) as web:
        answer = web.ask("POST", "/api/previews", body=body)
        assert answer.status == 400
        assert word in answer.json["error"]


def test_previews_when_the_data_is_too_much_then_it_is_refused(folder: Path) -> None:
    """Before all of it has been read."""
    with website(folder) as web:
        assert web.ask("POST", "/api/previews", body=b"x" * 3_000_000).status == 413


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\ud800", "a\r\nBcc: x@example.com", "{{ 7 * 7 }}", "x" * 100_000, "\0"]
)
def test_previews_when_data_is_hostile_then_it_is_data(folder: Path, name: str) -> None:
    """It is escaped, is no template, adds no header; and what cannot be a message is a problem."""
    with website(folder) as web:
        told = render(web, data=json.dumps({"name": name, "plan": {"name": name}}))
        raw = web.get(f"/api/previews/{told['id']}/raw").text
        assert "\nBcc" not in raw
        html = web.get(f"/api/previews/{told['id']}/source").text
        assert "<script" not in html
        assert "49" not in html
        assert told["problem"] or told["subject"].startswith("Welcome, ")


@pytest.mark.slow
def test_previews_when_many_are_rendered_then_the_oldest_are_forgotten(folder: Path) -> None:
    """A page asks anew; memory stays bounded."""
    with website(folder) as web:
        first = render(web)["id"]
        for _ in range(45):
            last = render(web)["id"]
        assert web.get(f"/api/previews/{first}/source").status == 404
        assert web.get(f"/api/previews/{last}/source").status == 200


# -- who may ask -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "10.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/previews"), ("GET", "/api/templates"), ("GET", "/view/1")])
def test_guard_when_a_stranger_asks_then_it_is_refused(
    folder: Path, headers: dict[str, str], method: str, path: str
) -> None:
    """By another name for this machine, or from a page of another site."""
    with website(folder) as web:
        render(web)
        answer = web.ask(method, path, body={"template": "welcome.html"} if method == "POST" else None, headers=headers)
        assert answer.status == 403
        assert answer.text.startswith("mailkit preview: ")


def test_page_when_asked_for_then_it_is_strict_and_there(folder: Path) -> None:
    """Its own files and those of the inbox; scripts from here only; what is not there is told in JSON."""
    with website(folder) as web:
        page = web.get("/")
        assert page.status == 200
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        for path in ("/preview/main.js", "/preview/preview.css", "/static/dom.js", "/static/style.css"):
            assert web.get(path).status == 200
        for path in ("/static/../app.py", "/preview/..%2fweb.py", "/preview/%2e%2e/web.py", "/nope"):
            assert web.get(path).status == 404
        assert web.ask("DELETE", "/api/previews").status == 405


# -- news --------------------------------------------------------------------------------------------------------------


def news(response: http.client.HTTPResponse) -> Any:
    """The next event's data."""
    while not (line := response.readline()).startswith(b"data:"):
        assert line
    return json.loads(line.removeprefix(b"data:"))


@pytest.mark.slow
def test_events_when_a_file_changes_then_the_page_is_told(folder: Path) -> None:
    """Files are looked at while somebody listens, and the end of the site ends the connection."""
    with PreviewSite(Previews(Templates(folder)), every=3600) as site:
        assert not site.watcher.is_watching
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        connection.request("GET", "/api/events")
        response = connection.getresponse()
        assert news(response) == {"version": 0}
        assert site.watcher.is_watching
        (folder / "layouts" / "base.html").write_text("changed")
        assert site.watcher.look() == ("layouts/base.html",)
        assert news(response) == {"version": 1}
        rest: list[bytes] = []
        reading = threading.Thread(target=lambda: rest.append(response.read()))
        reading.start()
    reading.join(60)
    assert not reading.is_alive()
    connection.close()


def test_site_when_the_port_is_taken_or_the_template_missing_then_it_says_so_at_once(folder: Path) -> None:
    """With what to do."""
    found = Previews(Templates(folder))
    with PreviewSite(found) as site, pytest.raises(ConfigError, match="cannot listen") as taken:
        PreviewSite(found, port=site.port).__enter__()
    assert "0 for a free one" in taken.value.hint
    with pytest.raises(ConfigError, match=r"no template 'x\.html'") as missing:
        PreviewSite(found, template="x.html")
    assert "welcome" in missing.value.hint


def test_info_when_a_template_was_chosen_then_the_page_is_told(folder: Path) -> None:
    """And the language, and all templates."""
    with website(folder, template="note.txt", locale="de") as web:
        told: Answer = web.get("/api/info")
        assert (told.json["chosen"], told.json["locale"], told.json["scanner"]) == ("note.txt", "de", "")
        assert [one["name"] for one in web.get("/api/templates").json["templates"]] == ["note.txt", "welcome.html"]
