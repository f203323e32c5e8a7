"""Domains that one provider receives mail for: what it says to one of them, it means for all."""

from collections.abc import Mapping
from functools import lru_cache

__all__ = ["domains_of", "group_of", "groups"]

# The large ones, by the domains that they give to people. A company's own domain cannot be told by its name; those go by
# themselves.
_PROVIDERS: dict[str, str] = {
    "google": "gmail.com googlemail.com",
    "microsoft": "outlook.com hotmail.com live.com msn.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es "
    "outlook.de outlook.fr outlook.es outlook.it live.co.uk live.de live.fr live.nl passport.com",
    "yahoo": "yahoo.com ymail.com rocketmail.com aol.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.ca "
    "yahoo.co.in yahoo.com.br yahoo.com.au aim.com verizon.net att.net sbcglobal.net bellsouth.net",
    "apple": "icloud.com me.com mac.com",
    "gmx": "gmx.de gmx.net gmx.at gmx.ch gmx.com web.de mail.com",
    "telekom": "t-online.de magenta.de",
    "proton": "proton.me protonmail.com protonmail.ch pm.me",
    "orange": "orange.fr wanadoo.fr",
    "laposte": "laposte.net",
    "free": "free.fr",
    "libero": "libero.it virgilio.it iol.it inwind.it giallo.it blu.it",
    "mailru": "mail.ru inbox.ru list.ru bk.ru internet.ru",
    "yandex": "yandex.ru yandex.com ya.ru",
    "qq": "qq.com foxmail.com vip.qq.com",
    "netease": "163.com 126.com yeah.net",
    "naver": "naver.com",
    "comcast": "comcast.net xfinity.com",
    "zoho": "zoho.com zohomail.com zoho.eu",
    "fastmail": "fastmail.com fastmail.fm",
    "seznam": "seznam.cz email.cz post.cz",
    "wp": "wp.pl o2.pl",
}
_GROUPS = {domain: name for name, domains in _PROVIDERS.items() for domain in domains.split()}


@lru_cache(maxsize=65_536)
def group_of(key: str) -> str:
    """Return the group of an address key: its provider's name, or else its domain."""
    domain = key.rpartition("@")[2]
    return _GROUPS.get(domain, domain)


def domains_of(group: str) -> list[str]:
    """Return the domains of a group."""
    return _PROVIDERS[group].split() if group in _PROVIDERS else [group]


def groups(rates: Mapping[str, object]) -> dict[str, object]:
    """Return rates by group for what a person has written: providers' names, domains, and ``*`` for every other one."""
    return {_GROUPS.get(name.lower(), name.lower()): rate for name, rate in rates.items()}
