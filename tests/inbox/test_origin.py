"""What mail was made from: told to the development inbox, and to nobody else."""

import json
from pathlib import Path

import pytest

from mailkit import Campaign, Mailer, MessageBuilder, Templates
from mailkit.inbox import Inbox
from mailkit.net import Listener
from mailkit.smtp import Policy, Received
from mailkit.smtp.origin import decoded_origin, encoded_origin
from tests.kit.web import website

TEMPLATES = Templates({"hi.html": "Subject: Hi {{ name }}\n\n<p>Hi {{ name }}</p>", "räk ning.txt": "Subject: R\n\nx"})


class Postbox(Policy):
    """A server like any other."""

    def __init__(self) -> None:
        self.received: list[Received] = []

    def message(self, received: Received) -> None:
        self.received.append(received)


def test_mail_when_it_is_of_a_template_then_the_inbox_knows_which() -> None:
    """A name in any letters; the bytes say nothing of it."""
    with Inbox() as inbox, Mailer(inbox.url) as mailer:
        mailer.send(TEMPLATES.compose("räk ning.txt").from_("a@b.se").to("c@d.se").build())
        mailer.send(MessageBuilder().from_("a@b.se").to("c@d.se").subject("R").text("x").build())
        made, plain = inbox.messages
    assert made.origin == {"template": "räk ning.txt"}
    assert b"ning.txt" not in made.raw
    assert plain.origin == {}


def test_campaign_when_it_is_sent_then_each_letter_knows_its_row_and_all_are_one_batch(tmp_path: Path) -> None:
    """However their subjects differ; and two campaigns are two."""
    people = tmp_path / "people.csv"
    people.write_text("email,name\nann@d.se,Ann\n\nbob@d.se,Bob\n", encoding="utf-8")
    with website() as (inbox, web), Mailer(inbox.url) as mailer:
        for journal in ("one.db", "two.db"):
            campaign = Campaign(
                template="hi.html", templates=TEMPLATES, recipients=people, from_="a@b.se", journal=tmp_path / journal
            )
            campaign.send(mailer)
        origins = [json.loads(web.get(f"/api/messages/{number}").text)["origin"] for number in (1, 2, 3, 4)]
        assert sorted(one["row"] for one in origins[:2]) == ["people.csv, line 2", "people.csv, line 4"]
        assert {one["template"] for one in origins} == {"hi.html"}
        assert len({one["campaign"] for one in origins}) == 2
        batches = web.get("/api/messages?grouped=1").json["messages"]
        assert [one["count"] for one in batches] == [2, 2]


def test_servers_when_they_are_no_development_inbox_then_they_hear_nothing_of_it() -> None:
    """The keyword is not offered, and so not said."""
    postbox = Postbox()
    with Listener(postbox) as server, Mailer(f"smtp://{server.host}:{server.port}") as mailer:
        mailer.send(TEMPLATES.compose("hi.html", {"name": "Ann"}).from_("a@b.se").to("c@d.se").build())
    assert postbox.received[0].origin == {}
    assert b"hi.html" not in postbox.received[0].data


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("", {}),
        ("xyz", {}),
        ("[1]", {}),
        ('{"template":1}', {}),
        ('{"template":"x","other":"y"}', {"template": "x"}),
        ("[" * 5000, {}),
        ("+ZZ", {}),
        ("+FF", {}),
        ('{"row":"' + "x" * 5000 + '"}', {"row": "x" * 300}),
    ],
)
def test_origin_when_a_client_says_anything_then_only_words_are_taken(said: str, found: dict[str, str]) -> None:
    """A client may be anybody."""
    assert decoded_origin(said) == found


def test_origin_when_written_then_it_is_one_word_of_ascii_and_reads_back() -> None:
    """Whatever a template is called."""
    words = {"template": "a b=c+d\r\n>\u2028é\ud800.html", "row": "x, line 2"}
    written = encoded_origin(words)
    assert written.isascii()
    assert not set(written) & set(" =\r\n")
    assert decoded_origin(written) == words
