"""One module per step; each leaves what is stored readable."""
