"""Full text at full size: what pages showed in 100,000 sessions, and how long reading a recording's pages takes.

    python -m benchmarks.search [--sessions N] [--texts N] [--recording PATH…]

Each session shows texts of a vocabulary with few common and many rare words, as pages do. The peer looks through the
same texts by LIKE.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from benchmarks.timing import timed
from tests.library.test_query import many, put_many

from replay_viewer.library import Library, fulltext, schema
from replay_viewer.library.database import bulk_insert
from replay_viewer.library.pages import VERSION
from replay_viewer.services.importer import import_paths
from replay_viewer.services.search import search

_COMMON = (
    "Cart",
    "Checkout",
    "Orders",
    "Help",
    "Total",
    "Sign in",
    "Add to cart",
    "Privacy policy",
    "Search",
    "Close",
)
#: Rare words, spread over the alphabet as words are.
_RARE = ["".join(chr(97 + (n * 7919 // 26**k + k * n) % 26) for k in range(6)) for n in range(50_000)]
_QUERIES = (
    *("payment failed", "checkout", "order 77123", "sign in", "add cart", _RARE[1], "nowhere"),
    *(_RARE[1][:4], "che", "sign chec"),  # words that are not finished
)


def fill(library: Library, count: int, texts: int) -> None:
    """`count` sessions with `texts` texts each, the common ones among them, entered as the reader enters them."""
    pick = random.Random(3)
    sessions = many(count)
    put_many(library, sessions)
    with library.database.write() as connection:
        bulk_insert(connection, schema.page_reads, [(gen, VERSION, texts, 0, 0) for gen in range(1, count + 1)])
    order = sorted(range(count), key=lambda i: sessions[i].start)
    for slice_start in range(0, count, 500):
        with library.database.write() as connection:
            for i in order[slice_start : slice_start + 500]:
                t = sessions[i].start
                words = [*_COMMON]
                words += [
                    f"{_RARE[int(pick.paretovariate(0.6)) % 50_000]} {pick.choice(_RARE)} item {pick.randrange(9)}"
                    for _ in range(texts - len(_COMMON) - 1)
                ]
                words.append("Payment failed" if i % 1000 == 0 else f"Order {pick.randrange(100_000)} placed")
                lines = [
                    (i + 1, 0, "text", 0, 1, np.array([t + n, t + n + 500.0, n], "<f8").tobytes(), word)
                    for n, word in enumerate(words)
                ]
                fulltext.add_page_texts(connection, schema.page_text_block(t), lines)


def searching(home: Path, count: int, texts: int) -> None:
    """Queries over a library of `count` sessions."""
    with Library.open(home) as library:
        begin = time.perf_counter()
        fill(library, count, texts)
        print(f"{count:,} sessions with {texts} texts each, entered in {time.perf_counter() - begin:.0f} s")
        print(f"  library.db is {(home / 'library.db').stat().st_size / 1e6:,.0f} MB")
        worst = 0.0
        for query in _QUERIES:
            found = len(library.search_pages(query))
            p95 = timed(f"pages “{query}” ({found} hits)", lambda q=query: library.search_pages(q), 200)  # type: ignore[misc]
            worst = max(worst, p95)
        timed("pages “cart” in one session", lambda: library.search_pages("cart", session="00000000000"), 200)
    plain = sqlite3.connect(home / "library.db")
    like = "SELECT id FROM page_texts WHERE text LIKE '%payment failed%' ORDER BY id DESC LIMIT 20"
    peer = timed("peer: “payment failed” by LIKE", lambda: plain.execute(like).fetchall(), times=2)
    plain.close()
    print(f"  the slowest query takes {worst / peer:.3f} of the peer's time")


def reading(home: Path, path: Path) -> None:
    """How long the pages of a recording take to read, and to search with places."""
    (id,) = import_paths(home, [path])
    with Library.open(home) as library:
        events = library.session(id).events
        begin, cpu = time.perf_counter(), time.process_time()
        library.read_pages()
        took, cpu = time.perf_counter() - begin, time.process_time() - cpu
        print(
            f"{path}: {events:,} events read in {took:.1f} s ({cpu:.1f} s of processor time), {library.page_read(id)}"
        )
        print(f"  memory of the process at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        timed("search with places", lambda: search(library, "total"), times=5)


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--texts", type=int, default=40)
    parser.add_argument("--recording", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for n, path in enumerate(arguments.recording):
            reading(Path(folder) / str(n), path)
        if arguments.sessions:
            searching(Path(folder) / "many", arguments.sessions, arguments.texts)


if __name__ == "__main__":
    main()
