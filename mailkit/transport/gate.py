"""The gate that mail passes on its way out, and where a test may stand: to see to it that none leaves, or to take it in.

A mailer asks at each delivery by which transport it goes; what opens a way to another machine, or runs a program that may, says so
first. With nobody at the gate both cost next to nothing. ``with gate.standing(Gate()):`` holds for the whole process.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from mailkit.transport.base import Transport

__all__ = ["Gate", "leaving", "routed", "standing"]


class Gate:
    """Lets everything pass. Override what is to be otherwise."""

    def route(self, transport: Transport) -> Transport:
        """Return the transport by which a mailer's message goes instead of its own."""
        return transport

    def leaving(self, name: str, host: str) -> None:
        """Judge that the transport called ``name`` is about to connect to ``host``, or without one to run a program.

        Raise a MailkitError to forbid it; one that is not temporary, because nobody should try again.
        """


_gates: tuple[Gate, ...] = ()


@contextmanager
def standing(gate: Gate) -> Iterator[None]:
    """Put somebody at the gate while the block runs, behind those who stand there already."""
    global _gates
    _gates = (*_gates, gate)
    try:
        yield
    finally:
        _gates = tuple(one for one in _gates if one is not gate)


def routed(transport: Transport) -> Transport:
    """Return the transport by which a mailer's message goes now."""
    for gate in _gates:
        transport = gate.route(transport)
    return transport


def leaving(name: str, host: str) -> None:
    """Say that a connection is about to be opened. A transport of your own for a remote service calls this, too."""
    for gate in _gates:
        gate.leaving(name, host)
