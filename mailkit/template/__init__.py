"""Jinja templates to messages: the file format, strict rendering, CSS inlining and the plain text part."""

from mailkit.template.engine import Templates
from mailkit.template.inline import inline_css
from mailkit.template.plaintext import to_text
from mailkit.template.rendered import Rendered
from mailkit.template.skeleton import Statistics
from mailkit.template.slot import SlotTemplate

__all__ = ["Rendered", "SlotTemplate", "Statistics", "Templates", "inline_css", "to_text"]
