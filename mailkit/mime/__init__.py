"""Text to wire form: encoded words, parameters, folding, transfer encodings, media types, domain names.

Its modules are used by their names (``from mailkit.mime import encodedword``), so the door itself offers nothing.
"""

__all__: list[str] = []
