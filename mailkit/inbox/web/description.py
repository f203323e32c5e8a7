"""The API described for programs: OpenAPI 3.1. A test holds it against the routes."""

from typing import Any

import mailkit

__all__ = ["description"]

_Object = dict[str, Any]


def _query(name: str, text: str, kind: str = "string") -> _Object:
    return {"name": name, "in": "query", "description": text, "schema": {"type": kind}}


def _one(name: str, text: str) -> _Object:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": {"type": "integer"}}


_LOOKED_FOR = [
    _query("q", 'as typed into the page: words, from:ann, subject:"your order", has:attachment, is:unread, -word'),
    *(_query(name, f"what {name} is to have in it") for name in ("to", "cc", "bcc", "from", "subject", "body")),
    _query("tag", "a tag"),
    _query("message_id", "the Message-ID"),
    _query("inbox", "the inbox of a user; empty for the one of all who do not log in"),
]
_ID = _one("id", "the number of a message")


def _does(
    summary: str,
    *parameters: _Object,
    body: _Object | None = None,
    gives: str = "application/json",
    status: int = 200,
    takes: str = "application/json",
) -> _Object:
    found: _Object = {
        "summary": summary,
        "responses": {
            str(status): {"description": "It is so.", "content": {gives: {}}},
            "default": {
                "description": "It cannot be done.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        found["requestBody"] = {"content": {takes: {"schema": body}}}
    return found


def _object(**properties: _Object) -> _Object:
    return {"type": "object", "properties": properties, "additionalProperties": False}


_STRINGS = {"type": "array", "items": {"type": "string"}}
_PATHS: dict[str, _Object] = {
    "/api/info": {"get": _does("What this inbox is: its ports, caps, and what it may do")},
    "/api/inboxes": {"get": _does("How much mail each inbox has")},
    "/api/messages": {
        "get": _does(
            "Messages that fit, the newest first",
            *_LOOKED_FOR,
            _query("offset", "how many to leave out", "integer"),
            _query("limit", "how many to list, 500 at most; 50 otherwise", "integer"),
            _query("grouped", "1 lists the messages of one mailing as one, with their 'count'", "integer"),
        ),
        "delete": _does("Delete the messages that fit; all of them without a search", *_LOOKED_FOR),
        "patch": _does(
            "Mark the messages that fit as read or unread", *_LOOKED_FOR, body=_object(unread={"type": "boolean"})
        ),
        "post": _does(
            "Take in an .eml file or an mbox",
            _query("inbox", "the inbox that gets them"),
            body={"type": "string", "format": "binary"},
            takes="application/octet-stream",
            status=201,
        ),
    },
    "/api/messages/{id}": {
        "get": _does("All about one message", _ID, _query("mark", "'read' marks it as read, too")),
        "patch": _does(
            "Mark it, or give it tags in the place of those it has",
            _ID,
            body=_object(unread={"type": "boolean"}, tags=_STRINGS),
        ),
        "delete": _does("Delete it", _ID),
    },
    "/api/messages/{id}/raw": {
        "get": _does("Its bytes", _ID, _query("download", "1 for a file to the byte"), gives="text/plain")
    },
    "/api/messages/{id}/source": {"get": _does("Its HTML as text", _ID, gives="text/plain")},
    "/api/messages/{id}/files/{number}": {
        "get": _does("One of its files", _ID, _one("number", "which, from 0 on"), gives="application/octet-stream")
    },
    "/api/messages/{id}/difference/{other}": {
        "get": _does("How another message differs from it", _ID, _one("other", "the number of the other"))
    },
    "/api/messages/{id}/release": {
        "post": _does("Send it on to a real relay, to those who are allowed", _ID, body=_object(to=_STRINGS))
    },
    "/api/messages/{id}/html-check": {"get": _does("What of its HTML mail clients do not show", _ID)},
    "/api/messages/{id}/lint": {"get": _does("What readers stumble over and filters count; nobody is asked", _ID)},
    "/api/messages/{id}/scan": {"post": _does("What the spam filter says that is configured; 404 without one", _ID)},
    "/view/{id}": {
        "get": _does(
            "Its HTML, sandboxed",
            _ID,
            _query("images", "1 lets it load what it asks for"),
            _query("scheme", "light, dark (as the mail has it) or forced"),
            gives="text/html",
        )
    },
    "/api/wait": {
        "get": _does(
            "The first message that fits, as soon as it is there; 404 when the time is over",
            *_LOOKED_FOR,
            _query("after", "only messages with a higher number", "integer"),
            _query("timeout", "seconds, 300 at most; 10 otherwise", "number"),
        )
    },
    "/api/events": {"get": _does("An event 'change' after each change", gives="text/event-stream")},
    "/api/sessions": {"get": _does("What was said on connections that ended in no message, the newest first")},
    "/api/rules": {
        "get": _does("The faults on purpose"),
        "post": _does(
            "One more; such as rcpt *@example.com 452 'Not today' nth=2",
            body=_object(rule={"type": "string"}),
            status=201,
        ),
        "delete": _does("Take all away"),
    },
    "/api/rules/{number}": {"delete": _does("Take one away", _one("number", "the number of a rule"))},
    "/api/export": {
        "get": _does(
            "The messages that fit, in one file",
            *_LOOKED_FOR,
            _query("format", "mbox or zip"),
            gives="application/octet-stream",
        )
    },
    "/api/openapi.json": {"get": _does("This description")},
}


def description() -> _Object:
    """Return it for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mailkit inbox",
            "version": mailkit.__version__,
            "description": "Mail that was caught: listed, searched, awaited, looked at. Only requests from this machine's own "
            "pages and programs are answered: the Host is checked, and so is the Origin where there is one.",
        },
        "paths": _PATHS,
        "components": {
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {"error": {"type": "string"}, "hint": {"type": "string"}},
                    "required": ["error", "hint"],
                }
            }
        },
    }
