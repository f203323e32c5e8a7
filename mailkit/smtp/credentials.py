"""Who logs in, and with what."""

from dataclasses import dataclass, field

from mailkit.secret import Secret
from mailkit.smtp.token import Tokens, TokenSource

__all__ = ["Credentials"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in. Password and token never print.

    ``token`` is an access token or a function that gives one (see :class:`mailkit.smtp.Token`). ``mechanism`` allows one
    mechanism only, such as ``"XOAUTH2"``; when it is empty, the strongest is taken that both sides know.

    >>> Credentials("ada@example.com", Secret("open sesame"))
    Credentials(user='ada@example.com', password=Secret('***'), mechanism='')
    """

    user: str
    password: Secret | None = None
    token: Secret | TokenSource | None = field(default=None, repr=False)
    mechanism: str = ""
    tokens: Tokens | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        token = self.token
        source = (lambda: token) if isinstance(token, Secret) else token
        object.__setattr__(self, "tokens", Tokens(source) if source else None)
        object.__setattr__(self, "mechanism", self.mechanism.upper())
