"""What a refused login means, in the words of a person: what the servers say, and what to do about it."""

import re

from mailkit.errors import AuthError
from mailkit.secret import Secret
from mailkit.smtp.reply import Reply

__all__ = ["asks_for_app_password", "printable", "refusal"]

_APP_PASSWORD = re.compile(r"application-specific|app[ -]password|InvalidSecondFactor", re.IGNORECASE)

# What the large providers say, and what they mean by it. The first that fits is told.
_HINTS = [
    (_APP_PASSWORD, "The account wants an app password: make one in its security settings."),
    (
        re.compile(r"SmtpClientAuthentication is disabled for the (Tenant|Mailbox)|smtp_auth_disabled", re.IGNORECASE),
        "An administrator must allow SMTP AUTH in Exchange, for the tenant or for this mailbox (aka.ms/smtp_auth_disabled).",
    ),
    (
        re.compile(r"basic authentication is disabled", re.IGNORECASE),
        "The server takes no passwords any more: give an access token, with ?auth=xoauth2&token_env=NAME.",
    ),
    (
        re.compile(r"did not meet the criteria|conditional access|security defaults", re.IGNORECASE),
        "A policy of the organisation (security defaults, conditional access) forbids this login; ask its administrator.",
    ),
    (
        re.compile(r"support\.google\.com/mail/\?p=BadCredentials", re.IGNORECASE),
        "Google takes an app password (myaccount.google.com/apppasswords) or a token, not the password of the account.",
    ),
    (
        re.compile(r"log ?in via your web browser|p=WebLoginRequired", re.IGNORECASE),
        "The provider wants to see the owner first: log in once in a web browser, then try again.",
    ),
]


def refusal(user: str, reply: Reply, secret: Secret, *, is_token: bool) -> AuthError:
    """Return the error for a login that the server did not accept. The secret is not in it, whatever the server said."""
    text = str(reply)
    if secret:
        text = text.replace(secret.reveal(), "***")
    error = AuthError(f"the server did not accept user {user!r}: {text}", hint=_hint(reply, is_token=is_token))
    error.is_temporary = reply.is_temporary
    return error


def asks_for_app_password(reply: Reply) -> bool:
    return bool(_APP_PASSWORD.search(reply.text))


def printable(value: object) -> str:
    """Return what somebody else has said, short and harmless."""
    text = " ".join(str(value).split())
    return "".join(sign if sign.isprintable() else "?" for sign in text)[:200]


def _hint(reply: Reply, *, is_token: bool) -> str:
    for pattern, hint in _HINTS:
        if pattern.search(reply.text):
            return hint
    if reply.is_temporary:
        return "The server could not check the password just now. Try again later."
    if reply.code == 538:  # RFC 4954 6
        return "The server wants an encrypted connection for this: use smtps:// or STARTTLS."
    if is_token:
        return "Is the token for this user and this server, with the right to send mail, and not yet over?"
    return "Check user and password; many providers want an app password or token here, percent-encoded in the URL."
