"""Compose a message from a template: subject, preheader, HTML and text in one file."""

import os

from mailkit import Mailer, Templates

RECEIPT = """\
Subject: Your receipt {{ order.number }}
Preheader: Thank you, {{ name }}. The total is {{ '%.2f' | format(order.total) }} euros.

<style>
  .total { font-weight: bold }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }
</style>
<p>Dear {{ name }},</p>
<p>thank you for your order:</p>
<table>
  {% for item in order["items"] %}
  <tr><td>{{ item.title }}</td><td>{{ '%.2f' | format(item.price) }}</td></tr>
  {% endfor %}
  <tr class="total"><td>Total</td><td>{{ '%.2f' | format(order.total) }}</td></tr>
</table>
<p><a href="https://shop.example.com/orders/{{ order.number }}">See your order</a></p>
"""

# A dictionary here, so that the example is one file; in an application this is a folder: Templates("templates").
templates = Templates({"receipt.html": RECEIPT})

order = {
    "number": 1815,
    "total": 36.5,
    "items": [{"title": "Spade, ash handle", "price": 32.0}, {"title": "Linseed oil <250 ml>", "price": 4.5}],
}
message = (
    templates.compose("receipt.html", {"name": "Zoë", "order": order})
    .from_("The Shop <shop@example.com>")
    .to("zoe@example.com")
    .build()
)

with Mailer(os.environ.get("MAILKIT_URL", "console:")) as mailer:
    mailer.send(message)
