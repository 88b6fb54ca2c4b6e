"""One module per wire or file format, each registered."""
