"""The report of a campaign as a page: one HTML file that needs nothing else, made to be looked at."""

from mailkit.bulk.page.page import write_page

__all__ = ["write_page"]
