"""Send through the plug-in, to a fake of the service on this machine.

Once the package is installed, ``Mailer("parcelpost://key:SECRET@api.example.com")`` does the same, and so does
``mailkit send --via``. Here it is opened without being installed.
"""

from fake_api import FakeApi
from parcelpost import open_parcelpost

from mailkit import Mailer, Message, MessageBuilder
from mailkit.transport import Url

message = (
    MessageBuilder()
    .from_("Ada Lovelace <ada@example.com>")
    .to("zoe@exämple.com", "bob@example.com")
    .bcc("eve@example.com")
    .subject("Résumé")
    .text("Hello")
    .build()
)

with FakeApi("open-sesame") as api, Mailer(open_parcelpost(Url.parse(api.url))) as mailer:
    api.refused.add("bob@example.com")
    receipt = mailer.send(message)

for outcome in receipt.outcomes:
    print(outcome)
[raw] = api.messages
print("arrived:", Message.parse(raw).subject)
