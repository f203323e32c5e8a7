"""A page by way of a skeleton is the page that its own finishing makes, byte for byte."""

import os
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from mailkit import Templates
from mailkit.errors import TemplateError

EXAMPLES = int(os.environ.get("MAILKIT_FUZZ_EXAMPLES", "0"))
INLINERS = ["premailer", "css-inline", "none"]

WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *(
                "",
                " ",
                "Zoë",
                "O'Neill & Söhne",
                '"quoted"',
                "<b>bold</b>",
                "a < b > c",
                "&amp;",
                "&#39;",
                "x;",
                "amp;",
            ),
            *("{{ 7 * 7 }}", "{% if %}", "-->", "--", "-", "]]>", "</style>", "</p><p>", "\n", "two\nlines", " edge "),
            *(
                "https://a.example/?q=ü&x=1",
                "a.example",
                "mailto:zoe@a.example",
                "#top",
                "javascript:alert(1)",
                ">",
                "> >",
            ),
            *(
                "a\tb",
                "a  b",
                "\u00a0",
                "x\u00a0y",
                "\u2028",
                "\u200d",
                "\ufeffx",
                "\x00",
                "\x7f",
                "\r\n",
                "😀",
                "٣",
                "a\\b",
            ),
            *("100%", "%41", "a b", "/path/", "http://", "lead", "red", "1", "- ", "* x", "=3D"),
        ]
    ),
)
VALUES = st.one_of(
    WORDS,
    st.integers(-5, 5),
    st.none(),
    st.booleans(),
    st.sampled_from([Markup("<i>ready</i>"), Markup("a &amp; b"), Markup("plain")]),
)
NAMES = ["a", "b", "c"]
CONTEXT = st.fixed_dictionaries(
    {**dict.fromkeys(NAMES, VALUES), "items": st.lists(st.fixed_dictionaries({"t": VALUES, "u": WORDS}), max_size=3)}
)

PRINTED = [
    "{{ a }}",
    "{{ b }}",
    "{{ c }}",
    "{{ a | upper }}",
    "{{ b ~ '!' }}",
    "{{ 'constant' }}",
    "{{ a | e }}",
    "{{ c | string | length }}",
]
LEAVES = st.sampled_from(
    [
        *(f"<p>{value}</p>" for value in PRINTED),
        *(f"Hello {value}, " for value in PRINTED),
        "<p> {{ a }}{{ b }} {{ c }} </p>",
        '<a href="https://x.example/?id={{ a }}&amp;v={{ b }}">open</a>',
        '<a href="{{ a }}">{{ a }}</a>',
        '<a href="{{ b }}"> {{ b }} </a>.',
        '<a href="https://{{ c }}">{{ c }}</a>',
        '<a href="mailto:{{ a }}">{{ a }} or {{ b }}</a>',
        '<a href="{{ a }}"><img src="cid:{{ b }}" alt="{{ c }}"></a>',
        "<a href='{{ a }}' title='{{ b }}'>{{ c }}</a>",
        "<a href={{ a }}>unquoted</a>",
        '<td class="{{ a }} x">{{ b }}</td>',
        '<p style="color: {{ a }}">{{ b }}</p>',
        '<p id="{{ b }}" title="{{ a }}">x</p>',
        "<style>p { color: {{ a }} }</style>",
        '<style>a[href*="x.example"] { color: green } p:hover { color: red } @media screen { p { color: blue } }</style>',
        '<style>[title="red"] { margin: 1px }</style>',
        '<!-- {{ a }} --><!--[if mso]><v:rect href="{{ b }}"></v:rect><![endif]-->',
        "<pre>{{ a }}\n{{ b }}</pre>",
        "<blockquote>{{ a }}</blockquote>",
        "<ul><li>{{ a }}</li><li>{{ b }}</li></ul>",
        '<ol start="{{ a }}"><li>{{ b }}</li></ol>',
        "<table><tr><td>{{ a }}</td><td>{{ b }}</td></tr></table>",
        '<table role="presentation"><tr><td>{{ a }}</td></tr></table>',
        '<div data-text="{{ a }}">{{ b }}</div><div data-text="none">{{ c }}</div>',
        "<h1>{{ a }}</h1><br><hr>{{ b }}<br><br>",
        "&{{ a }} &#{{ b }}; &amp;{{ c }}",
        "{% set kept %}<b>{{ a }}</b>{% endset %}{{ kept }}{{ kept }}",
        "{% set kept %}{{ a }}{% endset %}{% if kept == 'Zoë' %}Zoë!{% endif %}{{ kept | upper }}",
        "{% set kept %}{{ a }}{% endset %}{{ kept | length }}",
        "{% set kept | trim %} {{ a }} {% endset %}{{ kept }}",
        "{% filter upper %}<p>{{ a }}</p>{% endfilter %}",
        "{% set ns = namespace(v='') %}{% set ns.v %}{{ a }}{% endset %}{{ ns.v }}{% if ns.v is string %}s{% endif %}",
        "{{ card(a) }}",
        "{{ card(card(b)) }}",
        "{{ card(a) | striptags }}",
        "{% if card(a) | length > 20 %}long{% endif %}",
        "{{ (card(a) ~ b) | length }}",
        "{{ [card(a), card(b)] | join('+') }}",
        "{% call box(a) %}{{ b }}{% endcall %}",
        "{% call looking() %}{{ b }}{% endcall %}",
        '{% include "part.html" %}',
        '{% include "part.txt" %}',
        '{% import "module.html" as m %}{{ m.mark(a) }}{{ m.shared }}',
        "{{ '<u>' | safe }}{{ a }}{{ '</u>' | safe }}",
        "{{ look(card) }}",
        "{{ look(thing=card) }}{{ (look([card][0])) }}",
        "{% set kept %}{{ a }}{% endset %}{{ 'x-x'.replace('-', kept) }}{{ kept in 'Zoë' }}",
        '{% import "module.html" as m %}{{ m }}{{ b }}',
        "{% for n in range(2) %}{{ n }}{{ items | length }}{% endfor %}",
        '<a href="x{{ a }}"><b><a href="{{ b }}">x</a></b></a>',
        '<a href="{{ a }}"><h2>{{ b }}</h2></a><a href="{{ b }}">{{ b }}&nbsp;</a>',
        '<pre><a href="{{ a }}">{{ a }}</a>{{ b }}</pre><div data-text="verbatim">{{ a }} <a href="{{ a }}">{{ a }}</a></div>',
        '<p data-css-inline="{{ a }}">x</p><style title="{{ a }}">b { top: 0 }</style>',
        "<!-- x --{{ a }}> y -->",
        '<table><tr><td><p>{{ a }}</p>{{ b }}</td><td><a href="{{ a }}"><p>{{ c }}</p></a></td></tr></table>',
        "{{ a | default('none') }}{{ missing | default(card(b)) }}",
        "{% autoescape false %}{{ a }}{% endautoescape %}",
        "<textarea>{{ a }}</textarea><title>{{ b }}</title>",
        "<script>var x = '{{ a }}';</script>",
        "<{{ a }}>x",
        "< {{ a }}",
        '<p {{ a }}="1">x</p>',
    ]
)


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map(lambda body: f"{{% if a %}}{body}{{% else %}}<p>no</p>{{% endif %}}"),
        inner.map(
            lambda body: f"{{% for item in items %}}{body}<p>{{{{ item.t }}}} {{{{ loop.index }}}}</p>{{% endfor %}}"
        ),
        inner.map(lambda body: f'<div class="x">{body}</div>'),
        inner.map(lambda body: f"<table><tr><td>{body}</td></tr></table>"),
        st.lists(inner, min_size=1, max_size=3).map("".join),
    )


BODIES = st.lists(st.recursive(LEAVES, nested, max_leaves=4), min_size=1, max_size=4).map("\n".join)
MACROS = (
    '{% macro card(x) %}<i class="x">{{ x }}</i>{% endmacro %}'
    "{% macro box(x) %}<div>{{ x }}{{ caller() }}</div>{% endmacro %}"
    "{% macro looking() %}{% if caller() | trim == 'Zoë' %}seen{% endif %}{{ caller() }}{% endmacro %}"
)
LAYOUT = (
    "<html><head><style>.x { color: red } p { margin: 0 } @media (max-width: 9px) { p { color: green } }</style>"
    "</head><body>{% block content %}{% endblock %}<p>{{ a }}</p></body></html>"
)
SOURCES = st.builds(
    lambda body, is_inherited, has_preheader: {
        "x.html": (
            "Subject: Hi {{ a | string | replace('\\r', '') | replace('\\n', '') | length }}\n"
            + ("Preheader: {{ items | length }} & more\n" if has_preheader else "")
        )
        + "\n"
        + (
            f'{{% extends "layout.html" %}}{{% block content %}}{MACROS}{body}{{{{ super() }}}}{{% endblock %}}'
            if is_inherited
            else f"{MACROS}{body}"
        ),
        "layout.html": LAYOUT,
        "part.html": "<p>part {{ b }}</p>",
        "part.txt": "part {{ a }}",
        "module.html": "{% macro mark(x) %}<u>{{ x }}</u>{% endmacro %}{% set shared = mark('y') %}",
    },
    BODIES,
    st.booleans(),
    st.booleans(),
)


def look(thing: Any) -> str:
    return f"{thing('q')}"[:9]


def rendered(templates: Templates, context: dict[str, Any]) -> object:
    try:
        made = templates.render("x.html", context)
    except TemplateError as error:
        return type(error), str(error)
    return made.headers, made.html, made.text


@pytest.mark.slow
@pytest.mark.parametrize("inliner", INLINERS)
def test_a_page_when_it_comes_of_a_skeleton_is_what_it_is_by_itself(inliner: str) -> None:
    """Whatever the template does and the values hold; each skeleton serves several contexts."""

    @settings(
        max_examples=EXAMPLES or 120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not EXAMPLES
    )
    @given(SOURCES, st.lists(CONTEXT, min_size=2, max_size=4))
    def check(sources: dict[str, str], contexts: list[dict[str, Any]]) -> None:
        options: dict[str, Any] = {"inliner": inliner, "globals": {"look": look}}
        shared = Templates(sources, **options)
        alone = Templates(sources, **options, skeletons=False)
        for context in [*contexts, contexts[0]]:
            assert rendered(shared, context) == rendered(alone, context)

    check()


@pytest.mark.slow
@pytest.mark.parametrize("inliner", INLINERS)
def test_the_same_path_when_values_differ_is_one_skeleton(inliner: str) -> None:
    """The test above could pass with fallbacks alone; here they are counted."""
    source = '<style>p { color: red }</style><p>{{ a }} <a href="https://x.example/{{ b }}">{{ c }}</a></p>'
    templates = Templates({"x.html": source}, inliner=inliner)  # type: ignore[arg-type]
    people = [{"a": "Zoë & <Bob>", "b": f"ü/{number}", "c": "it's"} for number in range(9)]
    pages = [templates.render("x.html", person).html for person in people]
    assert all(first != second for first, second in pairwise(pages))
    statistics = templates.statistics
    assert (statistics.skeletons, statistics.hits, statistics.fallbacks) == (1, 8, 0)
