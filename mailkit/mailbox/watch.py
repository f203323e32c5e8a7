"""Waiting for mail: IDLE (RFC 2177), or NOOP now and then where the server has no IDLE."""

from collections.abc import Callable, Iterator

from mailkit import clock
from mailkit.mailbox.folder import Selected
from mailkit.mailbox.session import Session
from mailkit.mailbox.stored import StoredMessage
from mailkit.mailbox.uids import Uids

__all__ = ["watched"]

# RFC 2177 3: a server may log out who says nothing for 30 minutes. Routers forget connections sooner.
_RENEWAL = 540.0


def watched(
    session: Session,
    here: Selected,
    *,
    since: Callable[[int], Uids],
    fetch: Callable[[Uids], Iterator[StoredMessage]],
    can_idle: bool,
    newest: int,
    timeout: float | None,
    poll: float,
) -> Iterator[StoredMessage]:
    """Yield messages as they arrive. Between two of them the session is not idle, so that the mailbox may be used."""
    until = _after(timeout)
    while True:
        with session.visiting(here.folder, here.uidvalidity):
            session.take_news()
            fresh = since(newest)
            # What came while we looked was told beside the answer, and is not told again.
            if not fresh and not session.take_news():
                patience = min(_RENEWAL if can_idle else poll, until - clock.monotonic())
                if patience <= 0:
                    return
                session.wait(patience, can_idle=can_idle)
        if fresh:
            newest = max(fresh)
            yield from fetch(fresh)
            until = _after(timeout)


def _after(timeout: float | None) -> float:
    return float("inf") if timeout is None else clock.monotonic() + timeout
