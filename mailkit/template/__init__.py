"""Jinja templates to messages: the file format, strict rendering, CSS inlining and the plain text part."""

from mailkit.template.engine import Templates
from mailkit.template.explain import Explained, Pin
from mailkit.template.gallery import Starter, starter, starters
from mailkit.template.inline import inline_css
from mailkit.template.plaintext import to_text
from mailkit.template.rendered import Rendered
from mailkit.template.skeleton import Statistics
from mailkit.template.slot import SlotTemplate

__all__ = [
    "Explained",
    "Pin",
    "Rendered",
    "SlotTemplate",
    "Starter",
    "Statistics",
    "Templates",
    "inline_css",
    "starter",
    "starters",
    "to_text",
]
