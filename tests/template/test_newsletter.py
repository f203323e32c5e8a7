"""The newsletter of the examples, for everyone on its list."""

import json
import re
from pathlib import Path

import pytest

from mailkit import Campaign, Mailer, Templates
from mailkit.transport.memory import MemoryTransport

FOLDER = Path(__file__).parents[2] / "examples" / "newsletter"


@pytest.mark.slow
def test_newsletter_for_everyone_on_the_list_is_personal_and_whole() -> None:
    """198 messages: each with its own name and link, all with pictures, inlined rules, and no gap anywhere."""
    transport = MemoryTransport()
    context = json.loads((FOLDER / "content.json").read_text())
    campaign = Campaign(
        template="newsletter.html",
        templates=Templates(FOLDER),
        recipients=FOLDER / "people.csv",
        from_="Ada <ada@example.com>",
        context=context,
    )
    report = campaign.send(Mailer(transport))
    assert (report.sent, report.invalid, report.duplicates) == (198, 1, 1)
    assert [(row.line, row.kind) for row in report.bad_rows] == [(78, "invalid"), (161, "duplicate")]
    assert len({message.to[0].key for message in transport.messages}) == 198
    assert len({message.message_id for message in transport.messages}) == 198
    for message in transport.messages:
        assert message.html.startswith("<!DOCTYPE html>")
        assert 'style="' in message.html
        assert "@media" in message.html
        assert "{{" not in message.html + message.text
        shown = set(re.findall(r'src="cid:([^"]+)"', message.html))
        assert shown == {image.cid for image in message.embedded}
        assert "Read the article" in message.text
        assert "seat at the Mending Table" not in message.text
    assert len({message.headers["List-Unsubscribe"] for message in transport.messages}) == 198
