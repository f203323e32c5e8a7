"""Read a mailbox over POP3: log in over TLS, list what is there, retrieve the first message, save its files.

Set MAILKIT_MAILBOX to pop3s://user:password@host. Percent-encode special characters: ada@example.com is ada%40example.com.
For Gmail that is pop3s://you%40gmail.com:app-password@pop.gmail.com, with an app password of your account.
"""

import os
import sys

from mailkit import errors
from mailkit.mailbox import Pop3, save_attachments

url = os.environ.get("MAILKIT_MAILBOX")
if not url:
    sys.exit("Set MAILKIT_MAILBOX first, such as pop3s://user:password@mail.example.com")

try:
    with Pop3(url) as server:
        count = server.stat()
        print(f"{count.messages} messages of {count.size} bytes")
        for number, size in server.list().items():
            print(f"{number}: {size} bytes")
            message = server.message(number)
            print(f"From:    {message.from_[0]}")
            print(f"Subject: {message.subject}")
            print(message.text or message.html)
            print("Files:  ", *save_attachments(message, "files"))
            break
except errors.MailkitError as error:
    sys.exit(f"{error}\n{error.hint}")
