"""Tools for testing code that sends mail: a clock that stands still, a peer that follows a script, and what every
transport promises, as tests.

For the messages themselves, :class:`mailkit.transport.MemoryTransport` keeps what was sent.
"""

from mailkit.testing.clock import FrozenClock
from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Secures, Step
from mailkit.testing.transport_suite import TransportSuite

__all__ = ["Closes", "Fails", "FrozenClock", "Hears", "Says", "ScriptedPeer", "Secures", "Step", "TransportSuite"]
