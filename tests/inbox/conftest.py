"""Fixtures of the inbox's tests."""

from tests.kit.browser import browser

__all__ = ["browser"]
