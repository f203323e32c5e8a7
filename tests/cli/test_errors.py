"""Every foreseeable failure: a message, a hint, the documented exit code, and no traceback."""

import json
from pathlib import Path

import pytest

from tests.kit.command import Command

SEND = ["send", "--from", "ada@example.com", "--to", "bob@example.com", "--text", "x"]
BATCH = ["batch", "a.txt", "people.csv", "--from", "ada@example.com"]


@pytest.fixture(autouse=True)
def _files(folder: Path) -> None:
    (folder / "a.txt").write_text("Subject: Hi {{ name }}\n\nDear {{ name }},")
    (folder / "broken.txt").write_text("Subject: x\n\n{% if %}")
    (folder / "people.csv").write_text("email,name\nzoe@example.com,Zoë\n")
    (folder / "nohead.csv").write_text("zoe@example.com,Zoë\n")
    (folder / "latin.csv").write_bytes(b"email,name\nzoe@example.com,Zo\xeb\n")
    (folder / "other.csv").write_text("mail,name\nzoe@example.com,Zoë\n")
    (folder / "broken.json").write_text('{"a": 1,\n]')
    (folder / "list.json").write_text("[1]")
    (folder / "empty.eml").write_bytes(b"")
    (folder / "latin.txt").write_bytes(b"Zo\xeb")


_FAILURES = [
    # arguments, exit code, what is said
    (["send", "--text", "x"], 2, "no transport is given"),
    ([*SEND, "--via", "nope://x"], 2, "there is no transport 'nope'"),
    ([*SEND, "--via", "mail.example.com"], 2, "is not a transport URL"),
    ([*SEND, "--via", "smtp://"], 2, "host"),
    ([*SEND, "--via", "smtp://127.0.0.1:25/?tsl=off"], 2, "no option 'tsl'"),
    ([*SEND, "--via", "smtp://127.0.0.1:1", "--attempts", "1"], 1, "refused the connection"),
    (["verify", "--via", "smtp://127.0.0.1:1"], 1, "refused the connection"),
    (["verify"], 2, "no transport is given"),
    (["verify", "--via", "file:a.txt"], 2, "not a folder"),
    ([*SEND, "--via", "file:a.txt/x"], 1, "cannot write"),
    ([*SEND, "--via", "null:", "--to", "nobody"], 2, "to: 'nobody' has no @"),
    ([*SEND, "--via", "null:", "--to", "a@example.com\nBcc: b@example.com"], 2, "line break"),
    ([*SEND, "--via", "null:", "--subject", "x\ny"], 2, "line break"),
    ([*SEND, "--via", "null:", "--header", "nothing"], 2, "is not 'Name: value'"),
    ([*SEND, "--via", "null:", "--header", "Bcc: x@example.com"], 2, "cannot be set as a header"),
    ([*SEND, "--via", "null:", "--attach", "nope.pdf"], 2, "nope.pdf"),
    (["send", "--via", "null:", "--from", "a@example.com", "--text", "x"], 2, "recipient"),
    (["send", "--via", "null:", "--to", "a@example.com", "--text", "x"], 2, "needs an author"),
    (
        ["send", "--via", "null:", "--from", "a@example.com", "--to", "b@example.com", "--text", "@nope.txt"],
        2,
        "cannot read",
    ),
    (
        ["send", "--via", "null:", "--from", "a@example.com", "--to", "b@example.com", "--text", "@latin.txt"],
        2,
        "not UTF-8",
    ),
    (
        ["send", "--via", "null:", "--from", "a@example.com", "--to", "b@example.com", "--text", "-", "--html", "-"],
        2,
        "only one",
    ),
    (["send", "nope.eml", "--via", "null:"], 2, "cannot read 'nope.eml'"),
    (["send", "empty.eml", "--via", "null:"], 2, "empty"),
    (["send", "a.txt", "--via", "null:", "--subject", "x"], 2, "sent as it is"),
    ([*SEND, "--via", "null:", "-t", "nope.html"], 2, "there is no template file 'nope.html'"),
    ([*SEND, "--via", "null:", "-t", "a.txt"], 2, "there is no 'name' in the data"),
    ([*SEND, "--via", "null:", "-t", "broken.txt"], 2, "broken.txt:3"),
    (["render", "nope.html"], 2, "there is no template file 'nope.html'"),
    (["render", "nope.html", "--templates", "."], 2, "no such template"),
    (["render", "a.txt", "--templates", "nope"], 2, "there is no template folder 'nope'"),
    (["render", "a.txt"], 2, "there is no 'name' in the data"),
    (["render", "broken.txt"], 2, "broken.txt:3"),
    (["render", "a.txt", "--set", "name"], 2, "is not name=value"),
    (["render", "a.txt", "--set", "first name=x"], 2, "is not name=value"),
    (["render", "a.txt", "--context", "nope.json"], 2, "cannot read 'nope.json'"),
    (["render", "a.txt", "--context", "broken.json"], 2, "broken.json:2"),
    (["render", "a.txt", "--context", "list.json"], 2, "a JSON object is wanted, not a list"),
    (["render", "a.txt", "--context", "latin.txt"], 2, "not UTF-8"),
    (["render", "a.txt", "--set", "name=x", "--out", "page.html"], 2, "has no HTML"),
    (["render", "a.txt", "--set", "name=x", "--out", "mail.eml"], 2, "needs an author"),
    (["render", "a.txt", "--set", "name=x", "--out", "page.pdf"], 2, "does not say what to write"),
    (["render", "a.txt", "--set", "name=x", "--out", "nope/page.txt"], 2, "cannot write"),
    (["render", "x" * 5000], 2, "File name too long"),
    (BATCH, 2, "no transport is given"),
    ([*BATCH, "--via", "null:", "--rate", "fast"], 2, "'fast' is not a rate"),
    ([*BATCH, "--via", "null:", "--to", "{{ nope }}"], 2, "there is no 'nope' in the data"),
    ([*BATCH, "--via", "null:", "--to", "{{ nope"], 2, "to:1"),
    ([*BATCH, "--via", "null:", "--journal", "nope/j.db"], 2, "cannot be used"),
    ([*BATCH, "--via", "null:", "--journal", "people.csv"], 2, "is no journal"),
    ([*BATCH, "--via", "null:", "--encoding", "nope"], 2, "there is no encoding 'nope'"),
    ([*BATCH, "--via", "null:", "--delimiter", "ab"], 2, "is no delimiter"),
    ([*BATCH, "--via", "null:", "--from", "nobody"], 2, "has no @"),
    (["batch", "a.txt", "nope.csv", "--via", "null:"], 2, "nope.csv: there is no such file"),
    (["batch", "a.txt", "nohead.csv", "--via", "null:"], 2, "nohead.csv:1"),
    (["batch", "a.txt", "latin.csv", "--via", "null:"], 2, "latin.csv:2"),
    (["batch", "a.txt", "other.csv", "--via", "null:"], 2, "no column 'to' or 'email'"),
    (["batch", "a.txt", ".", "--via", "null:"], 2, "cannot be read"),
    (["batch", "nope.txt", "people.csv", "--via", "null:"], 2, "there is no template file"),
    (["batch", "broken.txt", "people.csv", "--via", "null:"], 2, "broken.txt:3"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), _FAILURES, ids=lambda value: None)
@pytest.mark.parametrize("as_json", [False, True])
def test_command_with_a_foreseeable_failure_says_what_and_ends_with_its_code(
    mailkit: Command, arguments: list[str], code: int, said: str, as_json: bool
) -> None:
    """For people on standard error, for programs as JSON on standard output; the same code."""
    ended = mailkit(*arguments, *(["--json"] if as_json else []))
    assert ended.code == code
    assert "Traceback" not in ended.all
    if as_json:
        error = json.loads(ended.out)["error"] if "error" in ended.out else json.loads(ended.out)
        assert said in json.dumps(error, ensure_ascii=False)
        assert error.get("exit_code", code) == code
    else:
        assert said in ended.err
        assert ended.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["--nope"],
        ["send", "--nope"],
        ["batch", "a.txt"],
        ["batch", "a.txt", "people.csv", "more"],
        ["batch", "a.txt", "people.csv", "--limit", "x"],
        ["batch", "a.txt", "people.csv", "--limit", "-1"],
        ["batch", "a.txt", "people.csv", "--connections", "0"],
        ["batch", "a.txt", "people.csv", "--attempts", "0"],
        ["render", "a.txt", "--as", "pdf"],
    ],
)
def test_command_with_wrong_usage_ends_with_two(mailkit: Command, arguments: list[str]) -> None:
    """Wrong usage is told with the way to the help."""
    ended = mailkit(*arguments)
    assert ended.code == 2
    assert "mailkit" in ended.err
    assert "-h" in ended.err
    assert "Traceback" not in ended.all


_SECRET = "geh31m"


@pytest.mark.parametrize(
    "url",
    [
        f"smtp://user:{_SECRET}@127.0.0.1:1",
        f"smtp://user:{_SECRET}@127.0.0.1:x",
        f"smtp://user:{_SECRET}@",
        f"smtp://user:{_SECRET}/more@127.0.0.1:1",
        f"smtp://user:{_SECRET}@127.0.0.1:1/?nope=1",
        f"smtp://user:{_SECRET}@127.0.0.1:1/?tls=nope",
        f"smtp://user:{_SECRET}@127.0.0.1:1#x",
        f"smtp://user:{_SECRET}@[::1",
        f"nope://user:{_SECRET}@127.0.0.1",
        f"smtps://user:{_SECRET}@127.0.0.1:1",
    ],
)
@pytest.mark.parametrize(
    "command", [["verify"], [*SEND, "--attempts", "1"], [*BATCH, "--attempts", "1"]], ids=["verify", "send", "batch"]
)
@pytest.mark.parametrize("how", ["flag", "environment", "file", "argument", "help", "json"])
def test_command_with_a_password_in_the_url_never_prints_it(
    mailkit: Command, monkeypatch: pytest.MonkeyPatch, folder: Path, url: str, command: list[str], how: str
) -> None:
    """Not in errors, nor in reports, nor in the help, wherever the URL was given."""
    arguments = [*command]
    match how:
        case "flag":
            arguments += ["--via", url]
        case "environment":
            monkeypatch.setenv("MAILKIT_URL", url)
        case "file":
            (folder / "mailkit.toml").write_text(f'url = "{url}"')
        case "argument":
            arguments += [url]
        case "help":
            monkeypatch.setenv("MAILKIT_URL", url)
            (folder / "mailkit.toml").write_text(f'url = "{url}"')
            arguments += ["--help"]
        case "json":
            arguments += ["--via", url, "--json"]
    ended = mailkit(*arguments)
    assert _SECRET not in ended.all
    assert "Traceback" not in ended.all
    assert ended.code == (0 if how == "help" else ended.code or 1)
