"""An inliner of another version than is known: then nothing is shared, and every page is right."""

import pytest

from mailkit.template.finish import Finisher
from mailkit.template.inline import INLINERS, inline_css
from mailkit.template.probe import speaks
from mailkit.template.skeleton import Skeletons
from mailkit.template.trace import Slots


@pytest.mark.parametrize("name", ["premailer", "css-inline"])
def test_probe_with_the_inliners_that_are_installed_says_that_they_are_known(name: str) -> None:
    """Or else skeletons would be of no use."""
    assert speaks(INLINERS[name](), name)


def _nbsp(html: str) -> str:
    return inline_css(html).replace("\u00a0", "&nbsp;")


def _quotes(html: str) -> str:
    return inline_css(html).replace("'", "&#39;")


def _links(html: str) -> str:
    return inline_css(html).replace("%C3%BC", "%c3%bc")


@pytest.mark.parametrize("inliner", [_nbsp, _quotes, _links])
def test_probe_with_an_inliner_that_writes_in_another_way_notices(inliner) -> None:
    """Another version of lxml, for example."""
    assert not speaks(inliner, "premailer")


def test_finish_with_an_inliner_of_another_version_does_each_page_by_itself() -> None:
    """Slower, and never wrong."""
    skeletons = Skeletons(Finisher(_nbsp, "premailer"))
    for name in ("Zoë\u00a0Quill", "Bob", "Ann"):
        slots = Slots()
        page = f"<style>p {{ color: red }}</style><p>{slots.add(name)}</p>"
        finished, explanation = skeletons.finish(page, slots)
        assert not explanation.is_shared
        assert finished.html == _nbsp(f"<style>p {{ color: red }}</style><p>{name}</p>")
    assert skeletons.statistics.fallbacks == 3
    assert skeletons.statistics.skeletons == 0
