"""Fixtures of the previews' tests."""

from pathlib import Path

import pytest

from tests.kit.browser import browser

__all__ = ["browser"]

LAYOUT = """<!doctype html>
<html lang="{{ locale }}">
<head><meta charset="utf-8"><style>
.box { display: grid; color: teal }
</style></head>
<body>{% block content %}{% endblock %}</body>
</html>
"""
WELCOME = """Subject: Welcome, {{ name }}
From: Fernlight <hello@fernlight.example>

{% extends "layouts/base.html" %}
{% block content %}
<h1>Hello, {{ name }}</h1>
<p class="box">Your plan is {{ plan.name }}.</p>
<p><a href="http://fernlight.example/start">Start</a></p>
{% endblock %}
"""
FILES = {
    "layouts/base.html": LAYOUT,
    "welcome.html": WELCOME,
    "welcome.de.html": 'Subject: Willkommen, {{ name }}\n\n{% extends "layouts/base.html" %}\n{% block content %}\n'
    "<h1>Hallo, {{ name }}</h1>\n{% endblock %}\n",
    "welcome.sample.json": '{\n  "name": "Zoë",\n  "plan": {"name": "Small"}\n}\n',
    "note.txt": "Subject: A note\n\nDear {{ name }},\nbye\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of templates: a layout, a page in two languages with its sample, and a text."""
    for name, text in FILES.items():
        path = tmp_path / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "templates"
