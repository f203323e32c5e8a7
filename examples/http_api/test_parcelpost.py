"""What every transport promises, and what only this one does: ``python -m pytest examples/http_api``."""

from collections.abc import Iterator, Sequence

import pytest
from fake_api import FakeApi
from parcelpost import Parcelpost, open_parcelpost

from mailkit import Mailer, MessageBuilder, Retry, Status
from mailkit.errors import AuthError, ConfigError, TransportError
from mailkit.testing import TransportSuite
from mailkit.transport import Url

KEY = "open-sesame"
MESSAGE = MessageBuilder().from_("ada@example.com").to("bob@example.com", "zoe@example.com").text("Hello").build()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(KEY) as found:
        yield found


def opened(api: FakeApi, **changed: str) -> Parcelpost:
    url = api.url
    for old, new in changed.items():
        url = url.replace(KEY if old == "key" else old, new)
    return open_parcelpost(Url.parse(url))


class TestParcelpost(TransportSuite):
    secrets = (KEY, "wrong")

    @pytest.fixture(autouse=True)
    def _api(self, api: FakeApi) -> None:
        self.api = api

    def make(self) -> Parcelpost:
        return opened(self.api)

    def make_broken(self) -> Parcelpost:
        return opened(self.api, key="wrong")

    def arrived(self) -> Sequence[bytes]:
        return self.api.messages


def test_a_recipient_who_is_refused_does_not_sink_the_others(api: FakeApi) -> None:
    api.refused.add("bob@example.com")
    receipt = Mailer(opened(api)).send(MESSAGE)
    assert [outcome.status for outcome in receipt.outcomes] == [Status.REFUSED, Status.ACCEPTED]
    assert receipt.refused[0].text == "on the suppression list"


def test_an_answer_that_is_lost_is_asked_for_again_and_the_message_is_there_once(api: FakeApi) -> None:
    api.answers = [0]
    assert Mailer(opened(api), retry=Retry.NEVER).send(MESSAGE).is_complete
    assert len(api.messages) == 1


@pytest.mark.parametrize("answers", [[0, 0], [502, 504], [0, 502]])
def test_a_message_that_may_have_been_taken_is_in_doubt_and_not_sent_again(api: FakeApi, answers: list[int]) -> None:
    api.answers = answers
    receipt = Mailer(opened(api)).deliver(MESSAGE)
    assert [outcome.status for outcome in receipt.outcomes] == [Status.IN_DOUBT] * 2
    assert api.answers == []


@pytest.mark.parametrize(("status", "is_temporary"), [(429, True), (503, True), (400, False), (413, False)])
def test_an_answer_for_all_is_an_error_that_says_whether_to_try_again(
    api: FakeApi, status: int, is_temporary: bool
) -> None:
    api.answers = [status]
    with pytest.raises(TransportError, match=str(status)) as caught:
        opened(api).deliver(MESSAGE.envelope(), MESSAGE)
    assert caught.value.is_temporary is is_temporary


def test_a_wrong_key_is_an_auth_error(api: FakeApi) -> None:
    with pytest.raises(AuthError):
        opened(api, key="wrong").deliver(MESSAGE.envelope(), MESSAGE)


@pytest.mark.parametrize(
    "url",
    [
        "parcelpost://api.example.com",
        "parcelpost://key:secret@",
        "parcelpost://key:secret@api.example.com?tls=off",
        "parcelpost://key:secret@api.example.com?retries=3",
    ],
)
def test_a_url_that_is_wrong_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_parcelpost(Url.parse(url))
