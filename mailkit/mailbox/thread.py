"""Conversations: which message answers which, by Message-ID, In-Reply-To and References (RFC 5256 3, RFC 5322 3.6.4)."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailkit.mailbox.stored import StoredMessage
from mailkit.message import Message

__all__ = ["Thread", "threads"]

_ID = re.compile(r"<[^<>\s]+>")
_MOST_REFERENCES = 1000  # a header that lists more is not a conversation
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Thread:
    """A message with the answers to it, the oldest first. ``message`` is None for one that is spoken of but not there.

    Going through one gives each message with its depth, in the order of reading; however deep it is.
    """

    __slots__ = ("message", "replies")

    def __init__(self, message: Message | None, replies: "tuple[Thread, ...]" = ()) -> None:
        self.message = message
        self.replies = replies

    def __iter__(self) -> Iterator[tuple[int, Message]]:
        waiting: list[tuple[int, Thread]] = [(0, self)]
        while waiting:
            depth, thread = waiting.pop()
            if thread.message is not None:
                yield depth, thread.message
            waiting += [(depth + 1, reply) for reply in reversed(thread.replies)]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def subject(self) -> str:
        """The subject of the first message that is there."""
        return next((message.subject for _, message in self), "")

    def __repr__(self) -> str:
        return f"Thread({self.subject!r}, {len(self)} messages)"


class _Node:
    """A message while its place is looked for."""

    def __init__(self) -> None:
        self.message: Message | None = None
        self.parent: _Node | None = None
        self.replies: list[_Node] = []
        self.thread: Thread | None = None
        self.date = _EPOCH


def threads(messages: Iterable[Message]) -> tuple[Thread, ...]:
    """Put messages into their conversations, the oldest first. Only headers are looked at, so nothing is fetched for it.

    A message whose predecessor is missing stays in the conversation by what it refers to. References that go round in a
    circle are cut.

    >>> first = Message.parse(b"Message-ID: <1@x>\\r\\nSubject: Lunch?\\r\\n\\r\\n")
    >>> answer = Message.parse(b"Message-ID: <2@x>\\r\\nIn-Reply-To: <1@x>\\r\\nSubject: Re: Lunch?\\r\\n\\r\\n")
    >>> [(depth, message.subject) for depth, message in threads([answer, first])[0]]
    [(0, 'Lunch?'), (1, 'Re: Lunch?')]
    """
    nodes: dict[str, _Node] = {}
    everything: list[_Node] = []
    for message in messages:
        _place(message, nodes, everything)
    for node in everything:
        if node.parent is not None:
            node.parent.replies.append(node)
    return tuple(
        thread for node in _by_date(node for node in everything if node.parent is None) for thread in _tops(node)
    )


def _place(message: Message, nodes: dict[str, _Node], everything: list[_Node]) -> None:
    def known(name: str) -> _Node:
        if name not in nodes:
            nodes[name] = _Node()
            everything.append(nodes[name])
        return nodes[name]

    own = _ID.search(message.message_id)
    if own is not None and known(own[0]).message is None:
        node = nodes[own[0]]
    else:  # without an id, or with one that another message has
        node = _Node()
        everything.append(node)
    node.message = message
    node.date = _date(message)
    chain = _ID.findall(message.headers.get("References", ""))[-_MOST_REFERENCES:]
    chain = chain or _ID.findall(message.headers.get("In-Reply-To", ""))[:1]
    before: _Node | None = None
    for name in chain:
        here = known(name)
        if before is not None and here.parent is None and here is not node and not _is_above(here, before):
            here.parent = before
        before = here
    # What the message itself says of its predecessor counts more than what others said of it.
    if before is not None and not _is_above(node, before):
        node.parent = before


def _is_above(node: _Node, other: _Node) -> bool:
    above: _Node | None = other
    while above is not None:
        if above is node:
            return True
        above = above.parent
    return False


def _tops(root: _Node) -> Iterator[Thread]:
    """Build threads from the leaves up. One that is not there is left out where it holds nothing together."""
    order, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += node.replies
    for node in reversed(order):
        if node.message is None and node.replies:
            node.date = min(reply.date for reply in node.replies)
        found = [reply.thread for reply in _by_date(node.replies) if reply.thread is not None]
        if node.message is not None:
            node.thread = Thread(node.message, tuple(found))
        elif found:
            node.thread = found[0] if len(found) == 1 else Thread(None, tuple(found))
    if root.thread is not None:
        yield root.thread


def _by_date(nodes: Iterable[_Node]) -> list[_Node]:
    return sorted(nodes, key=lambda node: node.date)


def _date(message: Message) -> datetime:
    try:
        found = parsedate_to_datetime(message.headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        found = (message.received if isinstance(message, StoredMessage) else None) or _EPOCH
    return found if found.tzinfo else found.replace(tzinfo=UTC)
