"""Our own backend: takes what real SDKs send, keeps it, serves it. No Qt.

`app.build` puts it together, `run.serve` and `run.start` run it. What is acknowledged is on disk.
"""
