"""Run by the Python of ``.peers``: aiosmtplib does the errand that comes as JSON. It imports nothing of mailkit.

It ends with 0 when the mail was taken; what the server said otherwise is printed.
"""

import asyncio
import base64
import json
import ssl
import sys
from typing import Any


async def send(errand: dict[str, Any]) -> None:
    import aiosmtplib  # here: those who gather tests have not got it

    context = ssl.create_default_context(cafile=errand["ca_file"]) if errand["ca_file"] else None
    client = aiosmtplib.SMTP(
        hostname="localhost" if context else "127.0.0.1",
        port=errand["port"],
        use_tls=errand["secure"] == "implicit",
        start_tls=errand["secure"] == "starttls",
        tls_context=context,
        timeout=10,
    )
    async with client:
        if errand["mechanism"]:
            await client.ehlo()
            log_in = getattr(client, f"auth_{errand['mechanism'].lower().replace('-', '')}")
            await log_in(errand["user"], errand["password"])
        elif errand["user"]:
            await client.login(errand["user"], errand["password"])
        raw = base64.b64decode(errand["raw"])
        await client.sendmail(errand["sender"], errand["recipients"], raw, mail_options=errand["options"])


def main() -> None:
    import aiosmtplib

    try:
        asyncio.run(send(json.load(sys.stdin)))
    except aiosmtplib.SMTPException as error:
        sys.exit(f"{type(error).__name__}: {error.args}")


if __name__ == "__main__":
    main()
