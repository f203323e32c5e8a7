"""The tree of errors."""

import inspect
import pickle
import re

import pytest

from mailkit import errors
from mailkit.errors import MailkitError
from mailkit.smtp import Reply

REPLY = Reply.of(450, "4.2.0 Later")

SAMPLES: list[MailkitError] = [
    errors.MessageError("no", field="subject", hint="do"),
    errors.AddressError("no", text="a@", position=2, field="to"),
    errors.HeaderError("no", name="X-A"),
    errors.AttachmentError("no"),
    errors.ParseError("no"),
    errors.TemplateError("no", name="a.html", line=3),
    errors.TemplateMissing("no", name="a.html"),
    errors.TemplateBroken("no", name="a.html", line=3),
    errors.VariableMissing("no", name="a.html", line=3, variable="x"),
    errors.ProtocolError("no"),
    errors.LocalProtocolError("no"),
    errors.RemoteProtocolError("no"),
    errors.TransportError("no"),
    errors.ConnectError("no", hint="try"),
    errors.TlsError("no"),
    errors.AuthError("no"),
    errors.TransportTimeout("no"),
    errors.CapabilityMissing("no", capability="SIZE"),
    errors.MessageWithheld(),
    errors.ReplyError("no", command="MAIL", reply=REPLY),
    errors.SenderRefused("no", command="MAIL", reply=REPLY),
    errors.RecipientsRefused("no", command="RCPT", reply=REPLY),
    errors.DataRefused("no", command="DATA", reply=REPLY),
    errors.DeliveryError("no"),
    errors.RetriesExhausted("no", attempts=4),
    errors.DeliveryVetoed("no"),
    errors.RecipientsError("no", source="people.csv", line=7),
    errors.JournalError("no"),
    errors.SuppressionError("no"),
    errors.MailboxError("no"),
    errors.ConfigError("no"),
    errors.ArrivalError("no"),
]

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, MailkitError)]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """The drawing names every class, and no class that is not there."""
    drawn = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", errors.__doc__ or "")) - {"ValueError"}
    drawn -= {"AssertionError", "ConnectionError", "TimeoutError"}
    assert drawn == {kind.__name__ for kind in CLASSES}
    assert {kind.__name__ for kind in CLASSES} == set(errors.__all__)


def test_every_class_is_tried_here() -> None:
    """The tests below leave no class out."""
    assert {type(sample) for sample in SAMPLES} | {MailkitError} == set(CLASSES)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error: MailkitError) -> None:
    """Errors cross process borders with all their fields."""
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_says_when_it_is_raised(kind: type[MailkitError]) -> None:
    """Each has a docstring of its own, a slug of its own, and an exit code that is documented."""
    assert kind.__doc__ not in (None, *(parent.__doc__ for parent in kind.__mro__[1:]))
    assert kind.exit_code in (1, 2, 3)
    assert [other for other in CLASSES if other.slug == kind.slug] == [kind]


def test_builtin_parents_let_plain_python_catch_them() -> None:
    """Code that knows nothing of mailkit catches connection, time-out and value errors all the same."""
    assert issubclass(errors.ConnectError, ConnectionError)
    assert issubclass(errors.TransportTimeout, TimeoutError)
    assert issubclass(errors.MessageError, ValueError)


def test_the_hint_is_a_note_under_the_traceback() -> None:
    """Whoever sees only a traceback sees what to do next, too."""
    assert errors.ConnectError("no", hint="Start the server.").__notes__ == ["hint: Start the server."]


def test_temporary_follows_the_reply() -> None:
    """A 4yz reply may be tried again, a 5yz reply not."""
    assert errors.DataRefused("no", command="DATA", reply=REPLY).is_temporary
    assert not errors.DataRefused("no", command="DATA", reply=Reply.of(554, "No")).is_temporary
