"""Models: Qt's own checks, windows of rows, past and future, sessions, JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex
from pytestqt.modeltest import ModelTester

from replay_viewer.domain.rows import AnyRow, ConsoleEntry
from replay_viewer.library import Library
from replay_viewer.qt.jsontree import JsonModel
from replay_viewer.qt.queue import SessionModel
from replay_viewer.qt.rowmodel import Cell, Column, RowModel


class Rows:
    """Console rows made when asked for; counts the questions."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __call__(self, keys: list[int]) -> list[AnyRow]:
        self.asked.append(keys)
        return [ConsoleEntry(t=key * 10.0, level="log", message=f"line {key}") for key in keys]


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def model(rows: Rows, qapp: Any) -> RowModel:
    columns = (
        Column("Time", 60, lambda row: Cell(f"{row.t:.0f}")),
        Column("Message", 0, lambda row: Cell(row.message, tail="x")),
    )
    made = RowModel(columns, rows)
    made.set_rows(np.arange(1_000_000), np.arange(1_000_000) * 10.0)
    return made


def test_row_model_keeps_qts_rules(rows: Rows, qtmodeltester: ModelTester, qapp: Any) -> None:
    small = RowModel((Column("Message", 0, lambda row: Cell(row.message)),), rows)
    small.set_rows(np.arange(20), np.arange(20) * 10.0)
    qtmodeltester.check(small)


def test_json_model_keeps_qts_rules(qtmodeltester: ModelTester, qapp: Any) -> None:
    model = JsonModel()
    model.show([("a", {"b": [1, 2, {"c": None}], "d": "text"}), ("e", [])])
    qtmodeltester.check(model)
    first = model.index(0, 0, QModelIndex())
    assert [model.index(row, 0, first).data() for row in range(model.rowCount(first))] == ["b", "d"]
    assert model.index(1, 1, first).data() == "“text”"


def test_session_model_keeps_qts_rules(filled: Library, qtmodeltester: ModelTester, qapp: Any) -> None:
    model = SessionModel()
    model.replace(filled.sessions(limit=3), 7, {})
    qtmodeltester.check(model)
    assert "ada.lovelace@acme.test" in model.index(0).data()
    assert model.canFetchMore()


def test_a_million_rows_are_fetched_by_window(model: RowModel, rows: Rows) -> None:
    assert model.rowCount() == 1_000_000
    assert rows.asked == []
    assert model.index(500_000, 1).data() == "line 500000 x"
    assert model.index(500_010, 1).data() == "line 500010 x"
    assert len(rows.asked) == 1
    assert len(rows.asked[0]) <= 64


def test_past_present_future(model: RowModel) -> None:
    assert model.set_now(105.0)
    assert model.present() == 10
    assert not model.is_future(10)
    assert model.is_future(11)
    assert not model.set_now(106.0)


def test_a_row_counts_as_present_a_moment_before_it(model: RowModel) -> None:
    model.set_now(99.0)
    assert model.present() == 10


def test_filtered_rows_have_positions(model: RowModel) -> None:
    keys = np.arange(0, 1000, 7)
    model.set_rows(keys, keys * 10.0)
    assert model.position_of(14) == 2
    assert model.position_of(15) == -1
