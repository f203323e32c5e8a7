"""HTML and text, an attached file and an embedded picture. The message is written to ./outbox as an .eml file."""

import os
from pathlib import Path

from mailkit import Attachment, Mailer, MessageBuilder

PICTURES = Path(__file__).parent / "newsletter" / "images"

table = Attachment.from_text("name;sum\nZoë;12.50\n", filename="Übersicht März.csv")

message = (
    MessageBuilder()
    .from_("Ada Lovelace <ada@example.com>")
    .to("zoe@example.com")
    .cc("office@example.com")
    .bcc("archive@example.com")  # in the envelope, never in the message
    .subject("Your overview for March")
    .text("Dear Zoë,\n\nthe overview is attached.\n")
    .html(
        '<p><img src="cid:logo" width="160" alt="The Long Handle"></p><p>Dear Zoë,</p><p>the overview is attached.</p>'
    )
    .embed(PICTURES / "logo.png", cid="logo")
    .attach(table)
    .attach(b"%PDF-1.7 ...", filename="overview.pdf")
    .build()
)

with Mailer(os.environ.get("MAILKIT_URL", "file:outbox")) as mailer:
    receipt = mailer.send(message)

print(f"{len(bytes(message)):,} bytes for {len(receipt.accepted)} recipients")
