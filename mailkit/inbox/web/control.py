"""What is done with the inbox as a whole: what it is, who has mail, faults, sessions, the wait of a test, and a release."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import mailkit
from mailkit.check import Scanner
from mailkit.errors import ConfigError
from mailkit.inbox.detail import detail
from mailkit.inbox.inbox import Inbox
from mailkit.inbox.release import Release
from mailkit.inbox.rules import Rule
from mailkit.inbox.web import answer

__all__ = ["Control"]

_LONGEST_WAIT = 300.0  # seconds
_MOST_RULES = 100


class Control:
    """The handlers of an inbox as a whole."""

    def __init__(self, inbox: Inbox, *, release: Release | None, scanner: Scanner | None) -> None:
        self._inbox = inbox
        self._release = release
        self._scanner = scanner

    def routes(self) -> list[Route]:
        return [
            Route("/api/info", self.info, methods=["GET"]),
            Route("/api/inboxes", self.inboxes, methods=["GET"]),
            Route("/api/sessions", self.sessions, methods=["GET"]),
            Route("/api/wait", self.wait, methods=["GET"]),
            Route("/api/rules", self.rules, methods=["GET"]),
            Route("/api/rules", self.add_rule, methods=["POST"]),
            Route("/api/rules", self.remove_rules, methods=["DELETE"]),
            Route("/api/rules/{number:int}", self.remove_rule, methods=["DELETE"]),
            Route("/api/messages/{id:int}/release", self.release, methods=["POST"]),
        ]

    def info(self, request: Request) -> Response:
        inbox, archive = self._inbox, self._inbox.archive
        return JSONResponse(
            {
                "version": mailkit.__version__,
                "host": inbox.host,
                **inbox.ports,
                "max_messages": archive.max_messages,
                "max_bytes": archive.max_bytes,
                "max_age": archive.max_age,
                "scanner": self._scanner.name if self._scanner else "",
                "release_to": list(self._release.allowed) if self._release else [],
            }
        )

    def inboxes(self, request: Request) -> Response:
        tallies = self._inbox.archive.tallies()
        found = [
            {"inbox": one.inbox, "messages": one.messages, "unread": one.unread, "bytes": one.bytes} for one in tallies
        ]
        return JSONResponse({"inboxes": found})

    def sessions(self, request: Request) -> Response:
        found = [
            {"at": one.at.isoformat(), "refusals": list(one.refusals), "transcript": list(one.transcript)}
            for one in reversed(self._inbox.sessions)
        ]
        return JSONResponse({"sessions": found})

    async def wait(self, request: Request) -> Response:
        timeout = answer.seconds(request, "timeout", 10.0, most=_LONGEST_WAIT)
        after = answer.number(request, "after", 0)
        found = await self._inbox.wait_async(answer.search(request).text, after=after, timeout=timeout)
        return JSONResponse(await run_in_threadpool(detail, found))

    async def release(self, request: Request) -> Response:
        if self._release is None:
            raise ConfigError(
                "nothing is released from this inbox",
                hint="Start it with --release URL and --release-to PATTERN to allow it.",
            )
        given = await answer.json_body(request)
        people = given.get("to", [])
        if given.keys() - {"to"} or not isinstance(people, list) or not all(isinstance(one, str) for one in people):
            raise ConfigError("'to' is a list of addresses")
        caught = await run_in_threadpool(answer.caught, self._inbox, request)
        receipt = await run_in_threadpool(self._release.send, caught, people)
        outcomes = [
            {"recipient": one.recipient.email, "status": str(one.status), "said": str(one)} for one in receipt.outcomes
        ]
        return JSONResponse({"outcomes": outcomes})

    # -- faults --------------------------------------------------------------------------------------------------------

    def rules(self, request: Request) -> Response:
        found = [self._rule(number, rule) for number, rule in self._inbox.rules.numbered().items()]
        return JSONResponse({"rules": found})

    async def add_rule(self, request: Request) -> Response:
        given = await answer.json_body(request)
        rules = self._inbox.rules
        if len(rules.numbered()) >= _MOST_RULES:
            raise ConfigError(f"there are {_MOST_RULES} rules already")
        text = given.get("rule")
        if given.keys() != {"rule"} or not isinstance(text, str):
            raise ConfigError("'rule' is one line of text", hint='Send {"rule": "rcpt *@example.com 452 nth=2"}.')
        added = rules.add(Rule.parse(text))
        self._inbox.archive.tell()
        number = next(number for number, rule in rules.numbered().items() if rule is added)
        return JSONResponse(self._rule(number, added), 201)

    def remove_rules(self, request: Request) -> Response:
        rules = list(self._inbox.rules)
        for rule in rules:
            self._inbox.rules.remove(rule)
        self._inbox.archive.tell()
        return JSONResponse({"deleted": len(rules)})

    def remove_rule(self, request: Request) -> Response:
        number = request.path_params["number"]
        rule = self._inbox.rules.numbered().get(number)
        if rule is None:
            raise answer.Missing(f"there is no rule {number}")
        self._inbox.rules.remove(rule)
        self._inbox.archive.tell()
        return JSONResponse({"deleted": 1})

    def _rule(self, number: int, rule: Rule) -> dict[str, Any]:
        return {"number": number, "rule": rule.describe(), "acted": self._inbox.rules.count(rule)}
