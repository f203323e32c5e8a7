"""What the tests in this folder share."""

from tests.kit.peers import authority

__all__ = ["authority"]
