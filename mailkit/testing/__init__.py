"""Tools for testing code that sends mail: a clock that stands still, and a peer that follows a script.

For the messages themselves, :class:`mailkit.transport.MemoryTransport` keeps what was sent.
"""

from mailkit.testing.clock import FrozenClock
from mailkit.testing.peer import Closes, Fails, Hears, Says, ScriptedPeer, Secures, Step

__all__ = ["Closes", "Fails", "FrozenClock", "Hears", "Says", "ScriptedPeer", "Secures", "Step"]
