"""Access tokens from a refresh token (OAuth 2.0, RFC 6749 6), for Google, Microsoft and whoever works as they do."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from mailkit.errors import AuthError, ConfigError, ConnectError
from mailkit.net.tls import TlsProfile, explain
from mailkit.secret import Secret
from mailkit.smtp.refusal import printable
from mailkit.smtp.token import Token

__all__ = ["RefreshToken", "post"]

_PATIENCE = 30.0
_LARGEST = 1_000_000  # an answer has a few thousand bytes
Post = Callable[[str, bytes], tuple[int, bytes]]
"""Posts a form to a URL and returns the status and the body of the answer."""


class RefreshToken:
    """A source of access tokens, for :class:`mailkit.smtp.Credentials`. It fetches one when it is called.

    Microsoft gives a new refresh token along with each access token. The newest is used from then on; ``keep`` is called
    with it, to store it for the next start.

    >>> source = RefreshToken.google(client_id="me.apps.example", client_secret=Secret("x"), refresh_token=Secret("y"))
    >>> source
    RefreshToken('https://oauth2.googleapis.com/token', client_id='me.apps.example')
    """

    def __init__(
        self,
        endpoint: str,
        *,
        client_id: str,
        refresh_token: Secret,
        client_secret: Secret | None = None,
        scope: str = "",
        keep: Callable[[Secret], object] | None = None,
        fetch: Post | None = None,
    ) -> None:
        if urlsplit(endpoint).scheme != "https":
            raise ConfigError("the endpoint of an OAuth server is an https:// URL", hint="Secrets are sent to it.")
        self.endpoint = endpoint
        self.client_id = client_id
        self._secret = client_secret
        self._refresh_token = refresh_token
        self._scope = scope
        self._keep = keep
        self._fetch = fetch or post

    @classmethod
    def google(cls, *, client_id: str, client_secret: Secret, refresh_token: Secret, **settings: Any) -> "RefreshToken":
        """For Gmail and Workspace; the user has agreed to the scope ``https://mail.google.com/``."""
        endpoint = settings.pop("endpoint", "https://oauth2.googleapis.com/token")
        return cls(endpoint, client_id=client_id, client_secret=client_secret, refresh_token=refresh_token, **settings)

    @classmethod
    def microsoft(
        cls, *, client_id: str, refresh_token: Secret, tenant: str = "common", **settings: Any
    ) -> "RefreshToken":
        """For Exchange Online and Outlook; ``client_secret`` is left out for an app without one (a public client)."""
        tenant = quote(tenant, safe="")
        endpoint = settings.pop("endpoint", f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
        settings.setdefault("scope", "https://outlook.office.com/SMTP.Send offline_access")
        return cls(endpoint, client_id=client_id, refresh_token=refresh_token, **settings)

    def __repr__(self) -> str:
        return f"RefreshToken({self.endpoint!r}, client_id={self.client_id!r})"

    def __call__(self) -> Token:
        """Raises AuthError when the server does not want to, and ConnectError when it cannot."""
        form = {"grant_type": "refresh_token", "client_id": self.client_id}
        form["refresh_token"] = self._refresh_token.reveal()
        if self._secret:
            form["client_secret"] = self._secret.reveal()
        if self._scope:
            form["scope"] = self._scope
        status, body = self._fetch(self.endpoint, urlencode(form).encode())
        told = _read(body)
        if status != 200:
            raise self._refused(status, told)
        text = told.get("access_token")
        if not isinstance(text, str):
            raise AuthError(f"{self._server} answered without an access token")
        self._renew(told.get("refresh_token"))
        return Token(Secret(text), _seconds(told.get("expires_in")))

    @property
    def _server(self) -> str:
        return urlsplit(self.endpoint).hostname or self.endpoint

    def _renew(self, text: object) -> None:
        if isinstance(text, str) and text and Secret(text) != self._refresh_token:
            self._refresh_token = Secret(text)
            if self._keep:
                self._keep(self._refresh_token)

    def _refused(self, status: int, told: dict[str, Any]) -> AuthError | ConnectError:
        if status == 429 or status >= 500:
            return ConnectError(f"{self._server} gives no access token now: HTTP {status}", hint="Try again later.")
        code, why = printable(told.get("error", f"HTTP {status}")), printable(told.get("error_description", ""))
        for secret in (self._refresh_token, self._secret):
            if secret:
                code, why = code.replace(secret.reveal(), "***"), why.replace(secret.reveal(), "***")
        problem = f"{self._server} gives no access token: {code}" + (f" ({why})" if why else "")
        return AuthError(problem, hint=_hint(code, why, is_google="google" in self._server))


_INVALID_GRANT = "The refresh token has ended or was withdrawn: let the user agree again, and store the new one."
# Microsoft's numbers say what its words for it do not.
_AADSTS = {
    "50034": "That account is not in this tenant. Check tenant and user.",
    "50076": "The user must sign in with a second factor: let the user agree again.",
    "50079": "The user must set up a second factor, and then agree again.",
    "50173": "The password was changed, or the user's sessions were ended: let the user agree again.",
    "53003": "A conditional access policy forbids it; ask the organisation's administrator.",
    "65001": "The user, or an administrator for all, has not agreed to this app and its scopes.",
    "70000": "The refresh token is for another app or other scopes, or was withdrawn: let the user agree again.",
    "70008": "The refresh token has ended: let the user agree again.",
    "70011": "The scope is wrong; for SMTP it is https://outlook.office.com/SMTP.Send with offline_access.",
    "700016": "The client_id is not known in this tenant. Check client_id and tenant.",
    "700082": "The refresh token was not used for 90 days: let the user agree again.",
    "7000215": "The client_secret is wrong. It is the secret's value, not its id.",
    "7000218": "The app has a secret, and needs it: give client_secret.",
    "7000222": "The client_secret has ended: make a new one for the app.",
    "90002": "There is no such tenant. Give the tenant's id or one of its domains.",
}
_CODES = {
    "invalid_grant": _INVALID_GRANT,
    "invalid_client": "Check client_id and client_secret.",
    "unauthorized_client": "The refresh token was made for another client_id, or the app may not use it.",
    "invalid_scope": "The user has not agreed to the scope that is asked for, or it is misspelt.",
    "insufficient_scope": "The user has not agreed to sending mail by SMTP: let the user agree again.",
}


def _hint(code: str, why: str, *, is_google: bool) -> str:
    found = re.search(r"AADSTS(\d+)", why)
    if found and found[1] in _AADSTS:
        return _AADSTS[found[1]]
    if code == "invalid_grant" and is_google:
        return f"{_INVALID_GRANT} Those of a Google app that is still in testing end after 7 days: publish the app."
    return _CODES.get(code, "")


def _read(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _seconds(value: object) -> float:
    """RFC 6749 5.1: a number; some servers put it in quotes."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    return min(float(value), 1e9) if isinstance(value, int | float) and value > 0 else 0.0


def post(url: str, form: bytes, *, tls: TlsProfile | None = None) -> tuple[int, bytes]:
    """Post a form over HTTPS with the certificate verified, following no redirections: the form holds secrets.

    Raises ConnectError and TlsError.
    """
    from http.client import HTTPException
    from ssl import SSLError
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    host = urlsplit(url).hostname or url
    opener = build_opener(HTTPSHandler(context=(tls or TlsProfile()).context()), Stay)
    request = Request(url, form, {"Accept": "application/json"})  # noqa: S310 - RefreshToken takes https only
    try:
        with opener.open(request, timeout=_PATIENCE) as answer:
            return answer.status, answer.read(_LARGEST)
    except HTTPError as error:
        with error:
            return error.code, error.read(_LARGEST)
    except (HTTPException, OSError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, SSLError):
            raise explain(reason, host) from None
        raise ConnectError(f"{host} cannot be asked for an access token: {type(reason).__name__}") from None
