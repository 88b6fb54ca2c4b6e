"""Use cases: open, pull, import, search, note, export. No Qt: results come back as values and plain callbacks."""
