"""Relays that go by a name: ``gmail://user:password@`` is SMTP to the right host and port, with TLS required.

Where they listen is what each of them documents. A hint is shown when such a relay does not let the user in, because then the
way in is nearly always one that its owner has to be told about.
"""

import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace

from mailkit.errors import AuthError, ConfigError
from mailkit.message import Envelope, Message
from mailkit.transport.outcome import Outcome
from mailkit.transport.parcel import Delivered, Parcel, Seal
from mailkit.transport.settings import SmtpSettings, smtp_settings
from mailkit.transport.smtp import SmtpTransport
from mailkit.transport.url import Url

__all__ = ["PROVIDERS", "Provider", "ProviderTransport", "open_provider"]

_IMPLICIT = 465  # TLS from the start (RFC 8314 3.3); on every other port STARTTLS is required
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a relay listens, and what its users have to know.

    ``regions`` are its hosts by the option ``region``, the first being the usual one; a host with ``{region}`` in it takes any.
    ``user`` is what everybody logs in as. A local one listens on this machine, or on a host that the URL names.
    """

    host: str
    port: int = 587
    hint: str = ""
    regions: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    is_local: bool = False


_APP = "It takes an app password, made in the settings of the account, not the password of the account itself."
_OAUTH = (
    "Microsoft is closing password logins to SMTP: ask the administrator for SMTP AUTH, "
    "or write ?auth=xoauth2&token_env=NAME for an OAuth token."
)
_KEY = "Log in with the SMTP credentials of the account's settings, not with the password of its web pages."

PROVIDERS: dict[str, Provider] = {
    # People's mailboxes.
    "aol": Provider("smtp.aol.com", 465, _APP),
    "fastmail": Provider("smtp.fastmail.com", 465, _APP),
    "gmail": Provider("smtp.gmail.com", 587, f"{_APP} Those need 2-step verification."),
    "gmx": Provider(
        "mail.gmx.net", 587, "Allow POP3 and IMAP in the settings of the account first; that opens SMTP too."
    ),
    "hotmail": Provider("smtp-mail.outlook.com", 587, _OAUTH),
    "icloud": Provider("smtp.mail.me.com", 587, _APP),
    "infomaniak": Provider("mail.infomaniak.com", 465, _APP),
    "mailbox.org": Provider("smtp.mailbox.org", 465),
    "office365": Provider("smtp.office365.com", 587, _OAUTH),
    "outlook": Provider("smtp-mail.outlook.com", 587, _OAUTH),
    "protonmail": Provider(
        "smtp.protonmail.ch", 587, "It takes an SMTP token, made in the settings of a paid account."
    ),
    "yahoo": Provider("smtp.mail.yahoo.com", 465, _APP),
    "yandex": Provider("smtp.yandex.com", 465, _APP),
    "zoho": Provider(
        "smtp.zoho.com",
        465,
        f"{_APP} Accounts outside the US need region=, such as region=eu.",
        {name: f"smtp.zoho.{name}" for name in ("com", "eu", "in", "jp")} | {"au": "smtp.zoho.com.au"},
    ),
    # Services that send for programs.
    "brevo": Provider("smtp-relay.brevo.com", 587, "The password is an SMTP key, not an API key."),
    "elasticemail": Provider("smtp.elasticemail.com", 2525, _KEY),
    "mailersend": Provider("smtp.mailersend.net", 587, _KEY),
    "mailgun": Provider(
        "smtp.mailgun.org",
        587,
        f"{_KEY} Domains in Europe need region=eu.",
        {"us": "smtp.mailgun.org", "eu": "smtp.eu.mailgun.org"},
    ),
    "mailjet": Provider("in-v3.mailjet.com", 587, "The user is the API key, the password the secret key."),
    "mailtrap": Provider("live.smtp.mailtrap.io", 587, "The user is 'api', the password an API token."),
    "mandrill": Provider("smtp.mandrillapp.com", 587, "The password is an API key; the user may be anything."),
    "postmark": Provider("smtp.postmarkapp.com", 587, "User and password are both the server's API token."),
    "resend": Provider("smtp.resend.com", 465, "The password is an API key.", user="resend"),
    "sendgrid": Provider("smtp.sendgrid.net", 587, "The password is an API key that may send mail.", user="apikey"),
    "ses": Provider(
        "email-smtp.{region}.amazonaws.com",
        587,
        "It takes SMTP credentials made for SES in that region, not the access keys of AWS.",
        {"us-east-1": "email-smtp.us-east-1.amazonaws.com"},
    ),
    "smtp2go": Provider("mail.smtp2go.com", 2525, _KEY),
    "sparkpost": Provider(
        "smtp.sparkpostmail.com",
        587,
        "The password is an API key that may send via SMTP. Accounts in Europe need region=eu.",
        {"us": "smtp.sparkpostmail.com", "eu": "smtp.eu.sparkpostmail.com"},
        user="SMTP_Injection",
    ),
    # Inboxes that catch mail. What listens on this machine needs no user.
    "ethereal": Provider("smtp.ethereal.email", 587, "Accounts there live for two days: make a new one."),
    "inbox": Provider("localhost", 1025, is_local=True),
    "maildev": Provider("localhost", 1025, is_local=True),
    "mailhog": Provider("localhost", 1025, is_local=True),
    "mailpit": Provider("localhost", 1025, is_local=True),
    "mailtrap-sandbox": Provider(
        "sandbox.smtp.mailtrap.io", 2525, "User and password are those of the sandbox's inbox."
    ),
    "protonbridge": Provider(
        "127.0.0.1",
        1025,
        "User and password are those that the bridge shows; its certificate can be exported, for ca=.",
        is_local=True,
    ),
}


class ProviderTransport(SmtpTransport):
    """SMTP to a relay that goes by a name; an AuthError has its hint too."""

    def __init__(self, provider: Provider, settings: SmtpSettings) -> None:
        super().__init__(settings)
        self.provider = provider

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        with self._hinting():
            return super().deliver(envelope, message)

    async def adeliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        with self._hinting():
            return await super().adeliver(envelope, message)

    def deliver_many(self, take: Callable[[], Parcel | None], seal: Seal | None = None) -> Iterator[Delivered]:
        for parcel, result in super().deliver_many(take, seal):
            self._hint(result)
            yield parcel, result

    async def adeliver_many(
        self, take: Callable[[], Parcel | None], seal: Seal | None = None
    ) -> AsyncGenerator[Delivered, None]:
        async with aclosing(super().adeliver_many(take, seal)) as delivered:
            async for parcel, result in delivered:
                self._hint(result)
                yield parcel, result

    def verify(self) -> tuple[str, ...]:
        with self._hinting():
            return super().verify()

    @contextmanager
    def _hinting(self) -> Iterator[None]:
        try:
            yield
        except AuthError as error:
            self._hint(error)
            raise

    def _hint(self, result: object) -> None:
        hint = self.provider.hint
        if isinstance(result, AuthError) and hint and not result.hint.startswith(hint):
            result.hint = f"{hint} {result.hint}".rstrip()
            result.add_note(f"hint: {hint}")


def open_provider(url: Url) -> ProviderTransport:
    """Return the transport for a URL whose scheme is in PROVIDERS. Raises ConfigError."""
    name, provider = url.scheme, PROVIDERS[url.scheme]
    options = dict(url.options)
    if url.path.strip("/") or (url.host and not provider.is_local):
        raise ConfigError(
            f"{name} is a host already, and takes no other",
            hint=f"Write {name}://user:password@ with the @ at its end, and an @ within the user as %40.",
        )
    if url.credentials is None and not provider.is_local:
        raise ConfigError(f"{name} needs a user and a password", hint=_form(name, provider))
    if provider.user and url.credentials and url.credentials.user != provider.user:
        raise ConfigError(f"everybody logs in to {name} as {provider.user!r}", hint=_form(name, provider))
    host = url.host or _host(name, provider, options)
    port = url.port or provider.port
    scheme = "smtps" if port == _IMPLICIT else "smtp"
    plain = replace(url, scheme=scheme, host=host, port=port, path="", options=options)
    return ProviderTransport(provider, smtp_settings(plain))


def _host(name: str, provider: Provider, options: dict[str, str]) -> str:
    """Take the region out of the options, and return its host."""
    usual = next(iter(provider.regions), "")
    region = options.pop("region", usual) if provider.regions else ""
    if host := provider.regions.get(region):
        return host
    if "{region}" in provider.host and _REGION.fullmatch(region):
        return provider.host.format(region=region)
    if region:
        raise ConfigError(f"{name} has no region {region!r}", hint=f"Write one such as {', '.join(provider.regions)}.")
    return provider.host


def _form(name: str, provider: Provider) -> str:
    form = f"Write {name}://{provider.user or 'user'}:password@ with the @ at its end."
    return f"{form} {provider.hint}".rstrip()
