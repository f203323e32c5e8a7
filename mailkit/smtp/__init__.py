"""SMTP without sockets: both sides of the protocol as conversations (see :mod:`mailkit.sansio`)."""

from mailkit.smtp.answer import Answer
from mailkit.smtp.capability import Capabilities
from mailkit.smtp.client import Client
from mailkit.smtp.content import Content, Stored
from mailkit.smtp.credentials import Credentials
from mailkit.smtp.dsn import DsnRequest, RecipientDsn
from mailkit.smtp.job import Job
from mailkit.smtp.policy import Judgement, Later, Policy, Received, ServerProfile
from mailkit.smtp.profile import Profile, StartTlsPolicy, Timeouts
from mailkit.smtp.reply import Reply, ReplyReader
from mailkit.smtp.scram import Verifier
from mailkit.smtp.server import serve
from mailkit.smtp.stream import Stream
from mailkit.smtp.token import Token, Tokens

__all__ = [
    "Answer",
    "Capabilities",
    "Client",
    "Content",
    "Credentials",
    "DsnRequest",
    "Job",
    "Judgement",
    "Later",
    "Policy",
    "Profile",
    "Received",
    "RecipientDsn",
    "Reply",
    "ReplyReader",
    "ServerProfile",
    "StartTlsPolicy",
    "Stored",
    "Stream",
    "Timeouts",
    "Token",
    "Tokens",
    "Verifier",
    "serve",
]
