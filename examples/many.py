"""Many messages over one connection: composed from one base, sent while they are composed, each with its receipt."""

import os

from mailkit import Mailer, MessageBuilder, Retry

PEOPLE = {"ann@example.com": "Ann", "bob@example.com": "Bob", "zoe@example.com": "Zoë"}

base = MessageBuilder().from_("Ada <ada@example.com>").subject("The minutes of Monday")
messages = (base.to((name, email)).text(f"Dear {name},\nhere they are.").build() for email, name in PEOPLE.items())

with Mailer(os.environ.get("MAILKIT_URL", "null:"), retry=Retry(attempts=3), rate="50/s") as mailer:
    for receipt in mailer.send_many(messages):
        for outcome in receipt.outcomes:
            print(outcome)
