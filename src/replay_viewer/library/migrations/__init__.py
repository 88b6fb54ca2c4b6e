"""Alembic's scripts, run by `library.database` inside the program; they are packaged with it."""
