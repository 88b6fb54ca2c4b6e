"""Tests of the row readers."""
