"""Faults on purpose, without a wire: which rule acts, when, and what it says."""

import pytest

from mailkit import clock
from mailkit.errors import ConfigError, ConnectError
from mailkit.inbox import Moment, Rule, Rules
from mailkit.smtp import Later
from mailkit.testing import FrozenClock


def acted(rules: Rules, *subjects: str, stage: Moment = Moment.RCPT) -> list[int]:
    """Ask for each, and return the codes; 0 where no rule acts."""
    found = []
    for subject in subjects:
        verdict = rules.ask(stage, subject)
        assert not isinstance(verdict, Later)
        found.append(verdict.code if verdict else 0)
    return found


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ("rcpt 550", [550, 550, 550, 550, 550, 550]),
        ("rcpt 452 nth=2", [0, 452, 0, 0, 0, 0]),
        ("rcpt 452 every=2", [0, 452, 0, 452, 0, 452]),
        ("rcpt 452 times=2", [452, 452, 0, 0, 0, 0]),
        ("rcpt 452 every=2 times=2", [0, 452, 0, 452, 0, 0]),
        ("rcpt full", [452, 452, 452, 452, 452, 452]),
        ("rcpt 550 rate=0", [0, 0, 0, 0, 0, 0]),
        ("mail 550", [0, 0, 0, 0, 0, 0]),
        ("any 451", [451, 451, 451, 451, 451, 451]),
        ("rcpt b@* 550", [0, 550, 0, 0, 550, 0]),
        ("rcpt *@X.ORG 550", [550, 550, 0, 550, 550, 0]),
        ("rcpt greylist", [451, 451, 451, 0, 0, 0]),
    ],
)
def test_rule_when_asked_again_and_again_then_it_acts_in_its_order(rule: str, codes: list[int]) -> None:
    """The same on every run."""
    addresses = ("a@x.org", "b@x.org", "c@y.org", "a@x.org", "b@x.org", "c@y.org")
    rules = Rules(Rule.parse(rule))
    assert acted(rules, *addresses) == codes
    assert rules.count(next(iter(rules))) == 6 - codes.count(0)


def test_rule_when_it_acts_by_chance_then_the_same_seed_gives_the_same() -> None:
    """Some act, some do not, and another seed gives another order."""
    runs = [acted(Rules(Rule("rcpt", code=451, rate=0.5, seed=seed)), *["a@x.org"] * 100) for seed in (7, 7, 8)]
    assert runs[0] == runs[1] != runs[2]
    assert 25 < runs[0].count(451) < 75


def test_rule_when_it_lets_some_pass_each_second_then_what_goes_beyond_is_refused() -> None:
    """And a second later as many may pass again."""
    frozen = FrozenClock()
    with clock.using(frozen):
        rules = Rules(Rule.parse("rcpt per_second=2"))
        assert acted(rules, *["a@x.org"] * 3) == [0, 0, 450]
        frozen.advance(1)
        assert acted(rules, *["a@x.org"] * 3) == [0, 0, 450]


def test_rules_when_several_fit_then_the_first_that_acts_counts() -> None:
    """A rule that does not act lets the next one speak."""
    rules = Rules(Rule("rcpt", code=450, nth=2), Rule("rcpt", match="a@*", code=550))
    assert acted(rules, "a@x.org", "a@x.org", "b@x.org") == [550, 450, 0]


def test_rule_when_it_delays_then_the_verdict_comes_later() -> None:
    """A delay alone lets pass; with a code it refuses, with drop it cuts, once the time is over."""
    verdicts = [
        Rules(Rule.parse(f"rcpt delay=1.5{more}")).ask(Moment.RCPT, "a@x.org") for more in ("", " 550", " drop")
    ]
    assert all(isinstance(verdict, Later) and verdict.seconds == 1.5 for verdict in verdicts)
    silent, refusing, cutting = (verdict.then for verdict in verdicts if isinstance(verdict, Later))
    assert silent() is None
    assert str(refusing()).startswith("550 5.1.1")
    with pytest.raises(ConnectError, match=r"cut on purpose: rcpt: wait 1\.5 s and cut the connection"):
        cutting()


def test_rules_when_one_is_taken_away_then_it_acts_no_more_and_is_still_counted() -> None:
    """A test looks at the count after the block in which the rule held."""
    rules = Rules()
    rule = rules.add(Rule.parse("rcpt 550"))
    assert acted(rules, "a@x.org") == [550]
    rules.remove(rule)
    assert acted(rules, "a@x.org") == [0]
    assert rules.count(rule) == 1
    assert not rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rcpt *@x.org 452 'Not today' nth=2", "rcpt *@x.org: 452 4.5.0 Not today (the 2nd time)"),
        ("rcpt 452 *@x.org", "rcpt *@x.org: 452 4.5.0 Not now"),
        ("dot drop every=3", "dot: cut the connection (every 3 times)"),
        ("data 554 '5.7.1 Spam, they say'", "data: 554 5.7.1 Spam, they say"),
        ("rcpt 555 'ask help@x.org'", "rcpt: 555 5.0.0 ask help@x.org"),
        ("connect 192.0.2.* 421", "connect 192.0.2.*: 421 4.3.2 Service not available"),
    ],
)
def test_rule_parse_when_it_is_read_then_it_says_what_it_does(text: str, said: str) -> None:
    """A pattern is a pattern wherever it stands: it never becomes the text of a refusal for everybody."""
    assert Rule.parse(text).describe() == said


@pytest.mark.parametrize(
    "text", ["", "rcpt", "nowhere 550", "rcpt 250", "rcpt 550 a b c", "rcpt 550 nth=x", "rcpt 'x", "rcpt 550 rate=2"]
)
def test_rule_parse_when_it_makes_no_sense_then_the_error_shows_how(text: str) -> None:
    """A rule is typed by people."""
    with pytest.raises(ConfigError) as caught:
        Rule.parse(text)
    assert caught.value.hint or "negative" in caught.value.problem
