"""Images: that they are found, are read out, and are not all there is."""

from collections.abc import Iterator
from urllib.parse import unquote

from mailkit.check.finding import Finding, Severity, Where
from mailkit.check.rules.material import Image, Material

__all__ = ["images"]

_FEW_WORDS = 15  # a mail with images and no more words is made of images


def images(material: Material) -> Iterator[Finding]:
    """Each image of the HTML, and what is embedded."""
    for image in material.images:
        yield from _image(image, material)
    yield from _embedded(material)
    seen = [image for image in material.images if not image.is_pixel]
    words = len(material.visible.split())
    if seen and words < _FEW_WORDS:
        detail = f"{len(seen)} image{'s' if len(seen) > 1 else ''}, {words} words."
        hint = "Say in words what matters: many clients show images only when asked, and filters distrust this."
        yield Finding("images-only", Severity.WARNING, "Almost all of it is images", detail, hint, Where.HTML)


def _found(image: Image, rule: str, severity: Severity, title: str, hint: str) -> Finding:
    return Finding(rule, severity, title, image.source[:200], hint, Where.HTML, image.line)


def _image(image: Image, material: Material) -> Iterator[Finding]:
    source = image.source
    scheme = source.partition(":")[0].lower() if ":" in source.partition("/")[0] else ""
    if not source:
        yield _found(image, "no-image", Severity.ERROR, "An image has no address", "Readers see a broken image.")
    elif scheme == "cid":
        if unquote(source[4:]) not in material.cids:
            hint = "Embed it with MessageBuilder.embed(), under that content id."
            yield _found(image, "no-image", Severity.ERROR, "An image is not in the message", hint)
    elif scheme not in ("http", "https", "data") and not source.startswith("//"):
        hint = "A mail has no base: begin with https://, or embed the image."
        yield _found(image, "no-image", Severity.ERROR, "An image has no site", hint)
    elif scheme == "http":
        hint = "Use https://: clients that show mail on encrypted pages leave it out."
        yield _found(image, "plain-image", Severity.WARNING, "An image is not fetched encrypted", hint)
    if image.is_pixel:
        hint = "Many clients block it or fetch it for everybody; say in your privacy notice that you count."
        yield _found(image, "pixel", Severity.NOTE, "An image of one pixel counts readers", hint)
        return
    if image.alt is None:
        hint = 'Say what it shows, or alt="" when it only decorates: images are often off, and screen readers read it.'
        yield _found(image, "no-alt", Severity.WARNING, "An image has no alternative text", hint)
    if image.width is None:
        hint = "Give the width attribute: Outlook shows it in its own size otherwise."
        yield _found(image, "no-width", Severity.NOTE, "An image has no width", hint)


def _embedded(material: Material) -> Iterator[Finding]:
    if material.is_cut:
        return  # it may be used further on
    shown = unquote(material.html)
    for part in material.message.embedded:
        if part.cid and f"cid:{part.cid}" not in shown:
            detail = part.filename or part.cid
            hint = "Nothing shows it; some clients list it as an attached file."
            yield Finding("unused-image", Severity.NOTE, "An embedded image is not used", detail, hint)
