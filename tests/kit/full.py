"""A disk that is full: a program that delivers a message, and may not write a file that is as long as it."""

LIMITED = """\
import resource, sys
from mailkit import MessageBuilder, errors, open_transport

message = MessageBuilder().from_("ada@example.com").to("bob@example.com").text("x" * 70 * 4000).build()
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
try:
    open_transport(sys.argv[1]).deliver(message.envelope(), message)
except errors.MailkitError as error:
    print(type(error).__name__, error.is_temporary)
"""
