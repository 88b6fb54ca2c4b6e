"""Migrations of the collector's database."""
