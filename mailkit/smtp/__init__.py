"""SMTP without sockets: both sides of the protocol as conversations (see :mod:`mailkit.sansio`)."""

from mailkit.smtp.capability import Capabilities
from mailkit.smtp.client import Answer, Client, Content, Profile, StartTlsPolicy, Timeouts
from mailkit.smtp.policy import Policy, Received, ServerProfile
from mailkit.smtp.reply import Reply, ReplyReader
from mailkit.smtp.sasl import Credentials
from mailkit.smtp.server import serve

__all__ = [
    "Answer",
    "Capabilities",
    "Client",
    "Content",
    "Credentials",
    "Policy",
    "Profile",
    "Received",
    "Reply",
    "ReplyReader",
    "ServerProfile",
    "StartTlsPolicy",
    "Timeouts",
    "serve",
]
