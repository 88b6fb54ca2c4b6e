"""National identity numbers: examples the issuing authorities or standards publish, and numbers that are none."""

from __future__ import annotations

import random

import pytest

from replay_viewer.redaction import Redactor

REAL = [
    "123-45-6789", "912-70-1234", "AB123456C", "AB 12 34 56 C", "12345678Z", "X1234567L", "RSSMRA85T10A562S",
    "2 55 08 14 168 025 38", "11010519491231002X", "756.9217.0769.85", "131052-308T", "811228-9874", "130 692 544",
    "44051401359", "529.982.247-25", "52998224725", "10000000146", "85.07.30-033.28", "86095742719",
    "2341 2341 2346", "ABCPE1234F", "HEGG560427MVZRRL04", "900101-1234568", "123 456 782",
]  # fmt: skip


@pytest.mark.parametrize("number", REAL)
def test_found(number: str) -> None:
    assert number not in Redactor().text(f"id {number}, please"), number


@pytest.mark.parametrize(
    "text",
    ["1795205662358", "order 12345678901", "12345678A", "2026-11-21", "v1.2.3-4567", "1234 5678", "000-12-3456",
     "RSSMRA85T10A562X", "build 20261121-0549", "3:16:04"],
)  # fmt: skip
def test_left(text: str) -> None:
    assert Redactor().text(text) == text


def test_random_numbers_are_seldom_taken_for_one() -> None:
    """Of random rows of eleven digits (the weakest shape) fewer than one in twenty is."""
    choice = random.Random(7)
    numbers = ["".join(choice.choice("0123456789") for _ in range(11)) for _ in range(2000)]
    taken = sum(Redactor(rules=["national-id"]).text(number) != number for number in numbers)
    assert taken < 100
