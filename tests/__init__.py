# A package in full, so that it comes before those named `tests` that others install: pyodata does.
