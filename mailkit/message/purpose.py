"""What a message is for, said in the headers that servers and automatic responders look at (RFC 3834, RFC 2156)."""

from enum import StrEnum

__all__ = ["CLASS_FIELDS", "MessageClass", "Priority", "class_headers", "priority_headers"]


class MessageClass(StrEnum):
    """Why a message is sent."""

    TRANSACTIONAL = "transactional"
    """A program sends it to one person because of what that person did: a receipt, a password reset."""
    BULK = "bulk"
    """The same to many: a newsletter."""
    AUTO_REPLY = "auto_reply"
    """A program answers a message."""


class Priority(StrEnum):
    """How urgent a message claims to be."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


# Auto-Submitted is the standard (RFC 3834 5); Precedence is what old responders read; X-Auto-Response-Suppress is what
# Exchange reads, so that an out-of-office note does not come back for every receipt.
_CLASSES = {
    MessageClass.TRANSACTIONAL: (
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ),
    MessageClass.BULK: (
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ),
    MessageClass.AUTO_REPLY: (
        ("Auto-Submitted", "auto-replied"),
        ("Precedence", "auto_reply"),
        ("X-Auto-Response-Suppress", "All"),
    ),
}

# Importance is the standard (RFC 2156 5.3.4); X-Priority is what most mail programs show.
_PRIORITIES = {
    Priority.HIGH: (("Importance", "high"), ("X-Priority", "1 (Highest)")),
    Priority.NORMAL: (("Importance", "normal"), ("X-Priority", "3 (Normal)")),
    Priority.LOW: (("Importance", "low"), ("X-Priority", "5 (Lowest)")),
}


CLASS_FIELDS = ("Auto-Submitted", "Precedence", "X-Auto-Response-Suppress")


def class_headers(kind: MessageClass) -> tuple[tuple[str, str], ...]:
    return _CLASSES[kind]


def priority_headers(priority: Priority) -> tuple[tuple[str, str], ...]:
    return _PRIORITIES[priority]
