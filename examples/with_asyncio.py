"""Send many messages at once with asyncio, over as many connections as there are tasks under way."""

import asyncio
import os

from mailkit import AsyncMailer, MessageBuilder, Receipt

base = MessageBuilder().from_("Ada Lovelace <ada@example.com>").subject("The engine runs")


async def main() -> None:
    people = [("Zoë", "zoe@example.com"), ("Bob", "bob@example.com"), ("林", "lin@example.com")]
    async with AsyncMailer(os.environ.get("MAILKIT_URL", "null:")) as mailer:

        async def send(name: str, address: str) -> Receipt:
            # A builder is never changed: base is shared by all tasks.
            return await mailer.send(base.to((name, address)).text(f"Dear {name},\n\nit does.").build())

        receipts = await asyncio.gather(*(send(*person) for person in people))
    for receipt in receipts:
        print(receipt.outcomes[0])


asyncio.run(main())
