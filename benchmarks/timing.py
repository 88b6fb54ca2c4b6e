"""How benchmarks time one question many times over."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def timed(name: str, what: Callable[[], object], must: float = 0.0, times: int = 20) -> float:
    """Print the p50 and p95 of `what` in ms, beside what it must be; the p95."""
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        what()
        took.append((time.perf_counter() - begin) * 1000)
    took.sort()
    p95 = took[min(len(took) - 1, int(len(took) * 0.95))]
    verdict = f"  must be ≤ {must:g}: {'yes' if p95 <= must else 'NO'}" if must else ""
    print(f"  {name:44} p50 {statistics.median(took):8.1f} ms   p95 {p95:8.1f} ms{verdict}")
    return p95
