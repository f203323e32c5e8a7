"""Tools for testing code that sends mail: an inbox and an outbox (fixtures of pytest), a clock that stands still, a peer that
follows a script, and what every transport promises, as tests.

Names are loaded when they are first used: the plug-in of pytest is in here, and is imported at each start of pytest.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from mailkit.testing.clock import FrozenClock
    from mailkit.testing.inbox import InboxFixture
    from mailkit.testing.outbox import Outbox
    from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Secures, Step
    from mailkit.testing.transport_suite import TransportSuite

__all__ = [
    "Closes",
    "Fails",
    "FrozenClock",
    "Hears",
    "InboxFixture",
    "Outbox",
    "Says",
    "ScriptedPeer",
    "Secures",
    "Step",
    "TransportSuite",
]

_HOMES = {
    "FrozenClock": "clock",
    "InboxFixture": "inbox",
    "Outbox": "outbox",
    "TransportSuite": "transport_suite",
    **dict.fromkeys(("Closes", "Fails", "Hears", "Says", "ScriptedPeer", "Secures", "Step"), "peer"),
}


def __getattr__(name: str) -> typing.Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mailkit.testing' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"mailkit.testing.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
