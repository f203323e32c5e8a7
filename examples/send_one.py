"""Send one message, without any template.

Set MAILKIT_URL to your server, such as smtp://user:password@mail.example.com:587; without it the message is printed.
"""

import os

from mailkit import Mailer, MessageBuilder

message = (
    MessageBuilder()
    .from_("Ada Lovelace <ada@example.com>")
    .to("zoe@exämple.com", ("Doe, John", "john@example.com"))
    .subject("Résumé of the day")
    .text("Dear all,\n\nthe engine runs.\n\nAda")
    .build()
)

with Mailer(os.environ.get("MAILKIT_URL", "console:")) as mailer:
    receipt = mailer.send(message)

for outcome in receipt.outcomes:
    print(outcome)
