"""By which marks in HTML and CSS each feature of the data is recognised. A test holds that none is forgotten."""

from functools import cache

from mailkit.check.client import features

__all__ = ["UNSEEN", "marks_of", "slugs_by_mark"]

UNSEEN = {"bimi": "a record in the DNS of the sender's domain, not in the message"}


def _properties(*names: str) -> tuple[str, ...]:
    return tuple(f"property:{name}" for name in names)


def _each(kind: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{kind}:{name}" for name in names)


def _sides(name: str, *more: str) -> tuple[str, ...]:
    return _properties(name, *(f"{name}-{side}" for side in ("top", "right", "bottom", "left", *more)))


_AXES = ("inline", "block")
_ENDS = ("start", "end")
_EDGES = tuple(f"{axis}-{end}" for axis in _AXES for end in _ENDS)
_KINDS = ("color", "style", "width")
_SYSTEM_FONTS = ("system-ui", "ui-serif", "ui-sans-serif", "ui-rounded", "ui-monospace")
_SEMANTIC = (
    *("article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark", "nav", "section"),
    *("summary", "time"),
)

# Where a slug says by itself what it is about (css-float is the property, html-abbr the element) it is not listed.
_MARKS: dict[str, tuple[str, ...]] = {
    "amp": _each("attribute", "⚡4email", "amp4email"),
    # elements and attributes
    "html-align": ("attribute:align",),
    "html-anchor-links": ("link:#",),
    "html-aria-describedby": ("attribute:aria-describedby",),
    "html-aria-hidden": ("attribute:aria-hidden",),
    "html-aria-label": ("attribute:aria-label",),
    "html-aria-labelledby": ("attribute:aria-labelledby",),
    "html-aria-live": ("attribute:aria-live",),
    "html-background": ("attribute:background",),
    "html-button-reset": ("button:reset",),
    "html-button-submit": ("button:submit",),
    "html-cellpadding": ("attribute:cellpadding",),
    "html-cellspacing": ("attribute:cellspacing",),
    "html-comments": ("comment",),
    "html-dir": ("attribute:dir",),
    "html-doctype": ("doctype:html",),
    "html-h1-h6": _each("tag", *(f"h{level}" for level in range(1, 7))),
    "html-height": ("attribute:height",),
    "html-hidden": ("attribute:hidden",),
    "html-image-maps": ("attribute:usemap", "tag:map"),
    "html-input-checkbox": ("input:checkbox",),
    "html-input-hidden": ("input:hidden",),
    "html-input-radio": ("input:radio",),
    "html-input-reset": ("input:reset",),
    "html-input-submit": ("input:submit",),
    "html-input-text": ("input:text",),
    "html-lang": ("attribute:lang",),
    "html-lists": _each("tag", "ul", "ol", "dl"),
    "html-loading-attribute": ("attribute:loading",),
    "html-mailto-links": ("link:mailto",),
    "html-meta-color-scheme": ("meta:color-scheme",),
    "html-popover": _each("attribute", "popover", "popovertarget"),
    "html-required": ("attribute:required",),
    "html-role": ("attribute:role",),
    "html-semantics": _each("tag", *_SEMANTIC),
    "html-srcset": _each("attribute", "srcset", "sizes"),
    "html-target": ("attribute:target",),
    "html-valign": ("attribute:valign",),
    "html-width": ("attribute:width",),
    "image-base64": ("image:data",),
    # properties that come in families
    "css-animation": _properties(
        "animation",
        *(f"animation-{what}" for what in ("delay", "direction", "duration", "fill-mode", "iteration-count", "name")),
        *("animation-play-state", "animation-timing-function"),
    ),
    "css-block-inline-size": _properties("block-size", "inline-size"),
    "css-border": (
        *_sides("border"),
        *_properties(*(f"border-{kind}" for kind in _KINDS)),
        *_properties(*(f"border-{side}-{kind}" for side in ("top", "right", "bottom", "left") for kind in _KINDS)),
    ),
    "css-border-image": _properties(
        "border-image", *(f"border-image-{what}" for what in ("outset", "repeat", "slice", "source", "width"))
    ),
    "css-border-inline-block": _properties(*(f"border-{axis}" for axis in _AXES)),
    "css-border-inline-block-individual": _properties(*(f"border-{edge}" for edge in _EDGES)),
    "css-border-inline-block-longhand": _properties(
        *(f"border-{place}-{kind}" for place in (*_AXES, *_EDGES) for kind in _KINDS)
    ),
    "css-border-radius": _properties(
        "border-radius",
        *(f"border-{end}-{side}-radius" for end in ("top", "bottom") for side in ("left", "right")),
    ),
    "css-border-radius-logical": _properties(*(f"border-{one}-{two}-radius" for one in _ENDS for two in _ENDS)),
    "css-column-layout-properties": _properties(
        *("columns", "column-width", "column-rule", "column-fill", "column-span"),
        *(f"column-rule-{kind}" for kind in _KINDS),
    ),
    "css-display-flex": ("value:display:flex", "value:display:inline-flex"),
    "css-display-grid": ("value:display:grid", "value:display:inline-grid"),
    "css-display-none": ("value:display:none",),
    "css-flex-direction": tuple(
        f"value:{name}:{value}" for name in ("flex-direction", "flex-flow") for value in ("column", "column-reverse")
    ),
    "css-flex-wrap": tuple(
        f"value:{name}:{value}" for name in ("flex-wrap", "flex-flow") for value in ("wrap", "wrap-reverse")
    ),
    "css-gap": _properties("gap", "column-gap", "row-gap", "grid-gap", "grid-column-gap", "grid-row-gap"),
    "css-grid-template": _properties(
        "grid-template", "grid-template-areas", "grid-template-columns", "grid-template-rows"
    ),
    "css-inset": _properties("inset"),
    "css-intrinsic-size": (*_each("keyword", "fit-content", "min-content", "max-content"), "function:fit-content"),
    "css-left-right-top-bottom": _properties("left", "right", "top", "bottom"),
    "css-margin": _sides("margin"),
    "css-margin-block-start-end": _properties("margin-block-start", "margin-block-end"),
    "css-margin-inline-block": _properties("margin-inline", "margin-block"),
    "css-margin-inline-start-end": _properties("margin-inline-start", "margin-inline-end"),
    "css-mask-image": _properties("mask-image", "mask"),
    "css-outline": _properties("outline", *(f"outline-{kind}" for kind in _KINDS)),
    "css-overflow": _properties("overflow", "overflow-x", "overflow-y"),
    "css-padding": _sides("padding"),
    "css-padding-block-start-end": _properties("padding-block-start", "padding-block-end"),
    "css-padding-inline-block": _properties("padding-inline", "padding-block"),
    "css-padding-inline-start-end": _properties("padding-inline-start", "padding-inline-end"),
    "css-scroll-snap": _properties("scroll-snap-type", "scroll-snap-align", "scroll-snap-stop"),
    "css-text-emphasis": _properties("text-emphasis", "text-emphasis-color", "text-emphasis-style"),
    "css-text-wrap": _properties("text-wrap", "text-wrap-mode", "text-wrap-style"),
    "css-transition": _properties(
        "transition", *(f"transition-{what}" for what in ("delay", "duration", "property", "timing-function"))
    ),
    "css-variables": ("property:--", "function:var"),
    # values
    "css-conic-gradient": ("function:conic-gradient",),
    "css-function-clamp": ("function:clamp",),
    "css-function-light-dark": ("function:light-dark",),
    "css-function-max": ("function:max",),
    "css-function-min": ("function:min",),
    "css-important": ("important",),
    "css-linear-gradient": ("function:linear-gradient",),
    "css-modern-color": _each("function", "lch", "oklch", "lab", "oklab"),
    "css-radial-gradient": ("function:radial-gradient",),
    "css-rgb": ("function:rgb",),
    "css-rgba": ("function:rgba",),
    "css-sytem-ui": _each("keyword", *_SYSTEM_FONTS),  # spelt so in the data
    "css-unit-calc": ("function:calc",),
    "css-unit-initial": ("keyword:initial",),
    "css-unit-percent": ("unit:%",),
    # selectors and rules
    "css-at-media-device-pixel-ratio": ("media:device-pixel-ratio",),
    "css-at-media-hover": ("media:hover", "media:any-hover"),
    "css-at-media-orientation": ("media:orientation",),
    "css-at-media-prefers-color-scheme": ("media:prefers-color-scheme",),
    "css-at-media-prefers-reduced-motion": ("media:prefers-reduced-motion",),
    "css-comments": ("css-comment",),
    "css-inert-attribute": ("attribute:inert",),
    "css-nesting": ("nesting",),
    "css-selector-adjacent-sibling": ("selector:adjacent",),
    "css-selector-general-sibling": ("selector:sibling",),
}

# What stands before the part of a slug that says it by itself, and the kind of mark it is.
_KINDS_OF_SLUGS = {
    "css-at-": "at",
    "css-pseudo-class-": "pseudo-class",
    "css-pseudo-element-": "pseudo-element",
    "css-selector-": "selector",
    "css-unit-": "unit",
    "css-": "property",
    "html-": "tag",
    "image-": "image",
}


def marks_of(slug: str) -> tuple[str, ...]:
    """Return the marks that show a feature, any of them; none for what is not in the HTML."""
    if slug in UNSEEN:
        return ()
    if slug in _MARKS:
        return _MARKS[slug]
    return next(
        ((f"{kind}:{slug.removeprefix(start)}",) for start, kind in _KINDS_OF_SLUGS.items() if slug.startswith(start)),
        (),
    )


@cache
def slugs_by_mark() -> dict[str, tuple[str, ...]]:
    """Return the features that a mark shows."""
    found: dict[str, tuple[str, ...]] = {}
    for slug in features():
        for mark in marks_of(slug):
            found[mark] = (*found.get(mark, ()), slug)
    return found
