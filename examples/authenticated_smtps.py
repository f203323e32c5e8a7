"""Log in to a mail provider over TLS, and say clearly what went wrong if it does not work.

Set MAILKIT_URL to smtps://user:password@host (TLS from the start, port 465) or smtp://user:password@host:587
(STARTTLS). Percent-encode special characters: p@ss is p%40ss. Set MAIL_TO to the address to write to.
"""

import os
import sys

from mailkit import Mailer, MessageBuilder, errors

url = os.environ.get("MAILKIT_URL")
if not url:
    sys.exit("Set MAILKIT_URL first, such as smtps://user:password@mail.example.com")

message = (
    MessageBuilder()
    .from_("Ada Lovelace <ada@example.com>")
    .to(os.environ.get("MAIL_TO", "bob@example.com"))
    .subject("Hello over TLS")
    .text("The certificate was checked before the password was sent.")
    .build()
)

try:
    with Mailer(url) as mailer:
        receipt = mailer.send(message)
except errors.TransportError as error:  # a bad certificate, a wrong password, a refused recipient …
    sys.exit(f"{error}\n{error.hint}")

print(receipt.accepted[0])
