"""Fixtures of the inbox's tests."""

from tests.kit.browser import browser
from tests.kit.peers import authority

__all__ = ["authority", "browser"]
