"""Frozen values, ids, time and the errors people see. Standard library and msgspec only."""
