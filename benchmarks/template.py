"""The newsletter of the examples: template and data to the bytes of a message, against Jinja, premailer and EmailMessage."""

import json
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import jinja2
from premailer import Premailer

from benchmarks.measure import compare
from mailkit import Templates

FOLDER = Path(__file__).parent.parent / "examples" / "newsletter"
CONTEXT = json.loads((FOLDER / "content.json").read_text()) | json.loads(
    (FOLDER / "newsletter.sample.json").read_text()
)

templates = Templates(FOLDER)


def mailkit_newsletter() -> bytes:
    builder = templates.compose("newsletter.html", CONTEXT)
    return bytes(builder.from_("letters@news.example.com").to("zoe@example.com").build())


_jinja = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER), autoescape=True)
_jinja.globals["embed"] = lambda path: f"cid:{path}"
_body = _jinja.from_string((FOLDER / "newsletter.html").read_text().partition("\n\n")[2])


def plain_newsletter() -> bytes:
    """The usual way: no text part, and no pictures attached, so it does less."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "letters@news.example.com", "zoe@example.com", "October"
    html = Premailer(_body.render(CONTEXT), allow_network=False, disable_validation=True).transform()
    message.set_content(html, subtype="html")
    return message.as_bytes()


def run() -> None:
    compare(
        "The newsletter, template to bytes",
        {"mailkit": mailkit_newsletter, "Jinja, premailer, stdlib": plain_newsletter},
        times=5,
    )
