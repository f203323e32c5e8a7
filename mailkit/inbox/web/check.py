"""What is wrong with a message: what clients do not show of its HTML, what filters count, what a filter says."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mailkit.check import Scanner, check_html, lint
from mailkit.inbox.inbox import Inbox
from mailkit.inbox.web import answer

__all__ = ["Checks"]


class Checks:
    """The handlers of checks. Only :meth:`scan` asks somebody else: the filter that was configured."""

    def __init__(self, inbox: Inbox, *, scanner: Scanner | None) -> None:
        self._inbox = inbox
        self._scanner = scanner

    def routes(self) -> list[Route]:
        one = "/api/messages/{id:int}"
        return [
            Route(f"{one}/html-check", self.html, methods=["GET"]),
            Route(f"{one}/lint", self.lint, methods=["GET"]),
            Route(f"{one}/scan", self.scan, methods=["POST"]),
        ]

    def html(self, request: Request) -> Response:
        return JSONResponse(check_html(answer.caught(self._inbox, request).html).facts())

    def lint(self, request: Request) -> Response:
        found = answer.caught(self._inbox, request)
        findings = lint(found.message, envelope_recipients=found.recipients)
        return JSONResponse({"findings": [one.facts() for one in findings]})

    def scan(self, request: Request) -> Response:
        found = answer.caught(self._inbox, request)
        verdict = answer.configured(self._scanner).scan(
            found.raw, sender=found.sender, recipients=found.recipients, hello=found.hello, peer=found.peer
        )
        return JSONResponse(verdict.facts())
