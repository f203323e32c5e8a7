"""Read a mailbox over IMAP: log in over TLS, open the inbox, search, fetch the first message.

Set MAILKIT_MAILBOX to imaps://user:password@host. Percent-encode special characters: ada@example.com is ada%40example.com.
For Gmail that is imaps://you%40gmail.com:app-password@imap.gmail.com, with an app password of your account.
"""

import os
import sys

from mailkit import errors
from mailkit.mailbox import Imap, Query

url = os.environ.get("MAILKIT_MAILBOX")
if not url:
    sys.exit("Set MAILKIT_MAILBOX first, such as imaps://user:password@mail.example.com")

try:
    with Imap(url) as server:
        inbox = server.select("INBOX")
        print(f"{inbox.messages} messages in {inbox.folder}")
        everything = server.search()
        unread = server.search(Query(unseen=True))
        print(f"{len(unread)} of them have not been read")
        for message in server.fetch(everything[:1]):
            print(f"From:    {message.from_[0]}")
            print(f"Subject: {message.subject}")
            print(message.text or message.html)
except errors.MailkitError as error:  # a bad certificate, a wrong password, a folder that is not there …
    sys.exit(f"{error}\n{error.hint}")
