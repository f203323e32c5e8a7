"""A transport for mailkit: messages leave through the HTTP API of Parcelpost, a service that does not exist."""

import base64
import hashlib
import http.client
import json
from collections.abc import Callable
from typing import Any

from mailkit import Envelope, Message, Outcome, Secret, Status, Transport
from mailkit.errors import AuthError, ConfigError, ConnectError, TransportError
from mailkit.transport import Url

LOOPBACK = ("localhost", "127.0.0.1", "::1")
STATUSES = {"queued": Status.ACCEPTED, "deferred": Status.DEFERRED}


def open_parcelpost(url: Url) -> "Parcelpost":
    """Return the transport for ``parcelpost://key:SECRET@host``; mailkit calls it, by the entry point."""
    options = url.take(("timeout", "tls"))
    if url.credentials is None or url.credentials.password is None or not url.host:
        raise ConfigError("parcelpost needs a host and a key", hint="Write parcelpost://key:SECRET@api.example.com.")
    if options.get("tls") == "off" and url.host not in LOOPBACK:
        raise ConfigError("tls=off would show the key to everybody", hint="It is for this machine only.")
    return Parcelpost(
        url.host,
        url.port,
        key=url.credentials.password,
        timeout=url.positive("timeout", otherwise=30.0),
        is_secure=url.yes("tls", otherwise=True),
    )


class Unanswered(Exception):
    """The request went out, and no answer came: the service may have the message."""


class Parcelpost(Transport):
    """One request a message. It has no connection to keep, so closing has nothing to do, and threads may share it."""

    def __init__(self, host: str, port: int = 0, *, key: Secret, timeout: float = 30.0, is_secure: bool = True) -> None:
        self.host = host
        self.port = port or (443 if is_secure else 80)
        self.name = f"parcelpost://{host}:{self.port}"  # what reports and logs show: no key in it
        self._key = key
        self._timeout = timeout
        # Certificates are verified: that is what HTTPSConnection does when it is told nothing else.
        self._connect: Callable[..., http.client.HTTPConnection] = (
            http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
        )

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        recipients = [recipient.wire for recipient in envelope.recipients]
        data = bytes(message)  # blind copies are in the envelope, and nowhere in here
        body = json.dumps(
            {
                "from": envelope.sender.wire if envelope.sender else "",
                "to": recipients,
                "message": base64.b64encode(data).decode(),
            }
        ).encode()
        # The same message for the same people has the same key: the service takes it once, however often it is asked.
        headers = {"Content-Type": "application/json", "Idempotency-Key": hashlib.sha256(body).hexdigest()}
        try:
            answer = self._ask("POST", "/v1/messages", body, headers)
        except Unanswered as problem:
            try:
                answer = self._ask("POST", "/v1/messages", body, headers)
            except (Unanswered, TransportError):  # whatever is said now, the first request may have been taken
                return self._all(envelope, Status.IN_DOUBT, f"no answer: {problem}")
        said = {one["address"]: one for one in answer["recipients"]}
        return tuple(
            Outcome(
                recipient,
                STATUSES.get(said[recipient.wire]["status"], Status.REFUSED),
                text=said[recipient.wire].get("reason", ""),
                queue_id=answer["id"],
                relay=self.name,
                command="POST",
            )
            for recipient in envelope.recipients
        )

    def verify(self) -> tuple[str, ...]:
        self._ask("GET", "/v1/account")
        return (f"connected to {self.host}", "the key is known")

    def _all(self, envelope: Envelope, status: Status, text: str) -> tuple[Outcome, ...]:
        return tuple(
            Outcome(recipient, status, text=text, relay=self.name, command="POST") for recipient in envelope.recipients
        )

    def _ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> dict[str, Any]:
        connection = self._connect(self.host, self.port, timeout=self._timeout)
        try:
            try:
                connection.connect()
            except OSError as error:  # nothing has been said yet: safe to try again, here or elsewhere
                raise ConnectError(f"cannot connect to {self.host}: {error.strerror or error}") from None
            try:
                connection.request(
                    method, path, body, {**(headers or {}), "Authorization": f"Bearer {self._key.reveal()}"}
                )
                answer = connection.getresponse()
                status, content = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise Unanswered(str(error) or type(error).__name__) from None
        finally:
            connection.close()
        return self._understood(status, content)

    def _understood(self, status: int, content: bytes) -> dict[str, Any]:
        if status == 200:
            try:
                found: dict[str, Any] = json.loads(content)
            except ValueError:
                raise Unanswered("the answer is not JSON") from None
            return found
        if status in (401, 403):
            raise AuthError(f"{self.host} did not accept the key", hint="Make a new one on the page of the account.")
        if status in (502, 504):  # a gateway gave up on the service behind it, which may have the message
            raise Unanswered(f"status {status}")
        error = TransportError(f"{self.host} answered with status {status}")
        error.is_temporary = status in (429, 503)
        raise error
