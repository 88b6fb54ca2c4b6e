"""The panels under the lanes: one module each, all showing one open session on one clock."""
