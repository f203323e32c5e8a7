"""Protocols without input or output: the effects a conversation yields, and its buffer."""

from mailkit.sansio.buffer import Buffer
from mailkit.sansio.effect import (
    Call,
    ChannelBinding,
    Consult,
    Conversation,
    Effect,
    Read,
    Sleep,
    StartTls,
    Watch,
    Write,
)

__all__ = [
    "Buffer",
    "Call",
    "ChannelBinding",
    "Consult",
    "Conversation",
    "Effect",
    "Read",
    "Sleep",
    "StartTls",
    "Watch",
    "Write",
]
