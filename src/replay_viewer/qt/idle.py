"""Idle stretches of a session from its activity histogram and its interactions. Pure NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A stretch without a visible change or an input counts as idle from here on (ms).
THRESHOLD_MS = 10_000.0


def quiet_spans(
    start: float,
    end: float,
    first: float,
    bucket: float,
    counts: NDArray[np.int64],
    keep: Floats,
    threshold: float = THRESHOLD_MS,
) -> list[tuple[float, float]]:
    """Stretches of at least `threshold` ms in which no bucket counts anything and no instant of `keep` lies.

    `first` and `bucket` place the histogram (epoch ms, ms per bucket); `keep` are instants that must never be
    skipped, such as errors and inputs.
    """
    if end - start < threshold or bucket <= 0:
        return []
    busy = np.flatnonzero(counts)
    begins = np.concatenate(([start], first + busy * bucket, keep))
    ends = np.concatenate(([start], first + (busy + 1) * bucket, keep))
    order = np.argsort(begins, kind="stable")
    begins, ends = begins[order], np.maximum.accumulate(ends[order])
    left = ends
    right = np.append(begins[1:], end)
    wide = np.flatnonzero(right - left >= threshold)
    return [(float(max(left[at], start)), float(min(right[at], end))) for at in wide]
