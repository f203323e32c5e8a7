"""Text to wire form: encoded words, parameters, folding, transfer encodings, media types, domain names."""
