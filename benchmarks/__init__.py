"""mailkit beside its peers, on the same work, in one run: ``make bench``. Ratios count; absolute times do not travel."""
