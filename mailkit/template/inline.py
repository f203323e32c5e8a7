"""CSS inlining: style sheets into style attributes, because many mail programs drop or ignore the sheets.

Media queries, ``:hover`` and other rules that cannot be inlined stay in the style block. Nothing is ever fetched from
the network or read from the disk.
"""

import logging
import threading

__all__ = ["inline_css"]

# cssutils, under premailer, keeps its parser state in module variables.
_LOCK = threading.Lock()


def inline_css(html: str) -> str:
    """Return ``html`` as a whole document with its style rules inlined."""
    from premailer import Premailer

    with _LOCK:
        inlined = Premailer(
            html,
            allow_network=False,
            allow_loading_external_files=False,
            disable_validation=True,  # cssutils knows the CSS of 2012; what it does not know must not be lost
            cssutils_logging_level=logging.CRITICAL,
            keep_style_tags=False,
            strip_important=False,  # without it the media queries that are kept could override nothing
            remove_classes=False,  # media queries need them
            preserve_internal_links=True,
            disable_link_rewrites=True,
            align_floating_images=False,
            disable_basic_attributes=["width", "height"],  # an image's own attributes are more precise
        ).transform()
    return str(inlined)
