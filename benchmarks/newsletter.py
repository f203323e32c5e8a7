"""The newsletter that templating is measured with: about 30 KB of HTML, 80 rules, a layout, 12 articles, a block for some.

Ten values are of the recipient, the rest is the same for everybody.
"""

from typing import Any

__all__ = ["FILES", "NAME", "content", "person"]

NAME = "newsletter.html"
_HUES = ("0b6b5d", "14211d", "586660", "26332f", "dfe5e1", "f1f6f4")


def _rules() -> str:
    """Eighty rules: elements, classes, descendants, :hover, and two media queries."""
    rules = [
        "body { margin: 0; padding: 0; background-color: #f3f5f3; }",
        "table { border-spacing: 0; border-collapse: collapse; }",
        "td { padding: 0; vertical-align: top; }",
        "img { max-width: 100%; border: 0; display: block; }",
        "h1 { margin: 0 0 16px; font-size: 28px; line-height: 1.25; color: #14211d; }",
        "h2 { margin: 0 0 8px; font-size: 20px; line-height: 1.35; color: #14211d; }",
        "p { margin: 0 0 16px; font-size: 16px; line-height: 1.6; }",
        "a { color: #0b6b5d; text-decoration: underline; }",
        ".page { background-color: #f3f5f3; color: #26332f; font-family: 'Segoe UI', Helvetica, Arial, sans-serif; }",
        ".sheet { max-width: 600px; margin: 0 auto; }",
        ".card { padding: 44px 48px; background-color: #ffffff; border: 1px solid #dfe5e1; }",
        ".button { display: inline-block; padding: 13px 28px; background-color: #0b6b5d; color: #ffffff; }",
        ".footer p { font-size: 13px; color: #586660; }",
        ".footer a { color: #586660; }",
        ".article { padding: 24px 0; border-bottom: 1px solid #dfe5e1; }",
        ".article td p { margin: 0 0 8px; }",
        ".vip { padding: 20px 24px; background-color: #f1f6f4; }",
    ]
    rules += [
        f".u{number} {{ color: #{_HUES[number % 6]}; padding: {number}px; font-size: {12 + number % 5}px; }}"
        for number in range(47)
    ]
    rules += [f"a.u{number}:hover {{ color: #{_HUES[number % 6]} !important; }}" for number in range(4)]
    narrow = "".join(f"  .u{number} {{ padding: {number // 2}px !important; }}\n" for number in range(6))
    dark = "".join(f"  .u{number} {{ color: #dfe7e3 !important; }}\n" for number in range(6))
    return "\n".join(
        [
            *rules,
            f"@media (max-width: 620px) {{\n{narrow}}}",
            f"@media (prefers-color-scheme: dark) {{\n{dark}}}",
        ]
    )


FILES = {
    "layout.html": f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{% block title %}}{{% endblock %}}</title>
<style>
{_rules()}
</style></head>
<body><table class="page" role="presentation" width="100%"><tr><td align="center">
<table class="sheet" role="presentation" width="100%">
<tr><td class="header u1"><a class="u2" href="{{{{ company.url }}}}">{{{{ company.name }}}}</a></td></tr>
<tr><td class="card">{{% block content %}}{{% endblock %}}</td></tr>
<tr><td class="footer">{{% block footer %}}{{% endblock %}}</td></tr>
</table></td></tr></table></body></html>
""",
    "parts.html": """{% macro article(one, number) %}
<table class="article u{{ number }}" role="presentation" width="100%"><tr>
<td class="u10" width="140"><a href="{{ one.url }}"><img src="{{ one.image }}" alt="{{ one.alt }}" width="140"></a></td>
<td class="u11"><h2><a class="u12" href="{{ one.url }}">{{ one.title }}</a></h2>
<p class="u13">{{ one.teaser }}</p>
<p class="u14">{{ one.more }} <em class="u15">{{ one.author }}</em>, <span class="u16">{{ one.minutes }} minutes</span></p>
<p class="u17"><a class="button u3" href="{{ one.url }}">Read on</a></p></td>
</tr></table>
{% endmacro %}
""",
    NAME: """Subject: {{ first }}, what is new in {{ city }}

{% extends "layout.html" %}
{% from "parts.html" import article %}
{% block title %}What is new in {{ city }}{% endblock %}
{% block content %}
<h1 class="u4">Good morning, {{ first }} {{ last }}</h1>
<p class="u5">{{ greeting }} There are <strong class="u6">{{ unread }}</strong> articles that you have not read.</p>
{% if vip %}
<div class="vip u7"><p>As one of our <strong>{{ level }}</strong> readers you have {{ points }} points, good until {{ until }}.</p></div>
{% endif %}
{% for one in articles %}
{{ article(one, loop.index + 20) }}
{% endfor %}
{% endblock %}
{% block footer %}
<p class="u8">You get this as {{ email }}, from {{ company.name }}, {{ company.address }}. Your number is {{ token }}.</p>
<p class="u9"><a href="{{ unsubscribe }}">Unsubscribe</a></p>
{% endblock %}
""",
}
_PROSE = (
    "the harbour opens again in spring and the old warehouses become studios for people who build boats by hand "
    "while the market moves under the new roof that the city has argued about for eleven years"
)
_WORDS = _PROSE.split(" ")


def _sentence(start: int, length: int) -> str:
    words = [_WORDS[(start * 7 + number) % len(_WORDS)] for number in range(length)]
    return " ".join(words).capitalize() + "."


def content() -> dict[str, Any]:
    """What is the same for everybody."""
    return {
        "company": {"name": "Harbour & Sons", "url": "https://harbour.example/", "address": "1 Quay, Bristol"},
        "articles": [
            {
                "title": _sentence(number, 7),
                "teaser": _sentence(number + 3, 60),
                "more": _sentence(number + 5, 30),
                "url": f"https://harbour.example/articles/{number}",
                "image": f"https://harbour.example/pictures/{number}.jpg",
                "alt": _sentence(number, 4),
                "author": "Mara Lindqvist",
                "minutes": 3 + number,
            }
            for number in range(12)
        ],
    }


def person(number: int) -> dict[str, Any]:
    """The ten values of one recipient, and whether the block for some is shown."""
    return {
        "first": ("Zoë", "Bob", "O'Neil", "Mara & Tom")[number % 4],
        "last": f"Reader {number}",
        "city": ("Bristol", "Köln", "København")[number % 3],
        "greeting": "It is good to have you here.",
        "unread": number % 12,
        "vip": number % 5 == 0,
        "level": "golden",
        "points": number * 3,
        "until": "31 December",
        "token": f"{number:08x}",
        "email": f"reader{number}@example.com",
        "unsubscribe": f"https://harbour.example/unsubscribe?t={number:08x}",
    }
