"""Splits of rows: by class, by group, by time, as published; copies on one side; no row moves when others come."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import DataError
from epochal.data.table import split
from epochal.data.table.opened import OpenedTable, open_table
from epochal.data.table.options import TableOptions

N = 1_000


def data(seed: int = 0, count: int = N) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    label = generator.choice(["often", "seldom"], count, p=[0.95, 0.05])
    return pd.DataFrame({"a": generator.normal(size=count), "b": generator.integers(0, 9, count), "label": label})


def opened(frame: pd.DataFrame, **options: Any) -> OpenedTable:
    return open_table(frame, TableOptions(**{"label": "label", **options}))


def splits(table: OpenedTable) -> dict[str, np.ndarray]:
    return {name: part.rows for name, part in table.parts.items()}


def test_every_row_is_in_one_split_and_classes_are_in_proportion() -> None:
    table = opened(data())
    rows = np.concatenate([*splits(table).values()])
    assert sorted(rows.tolist()) == list(range(N))
    assert [len(part.rows) for part in table.parts.values()] == [600, 200, 200]
    shares = [part.targets.mean() for part in table.parts.values()]
    assert max(shares) - min(shares) < 0.01


def test_a_number_is_spread_over_its_ranges() -> None:
    frame = data().assign(label=np.exp(np.random.default_rng(1).normal(size=N)))
    quartiles = [np.quantile(part.targets, [0.1, 0.5, 0.9]) for part in opened(frame).parts.values()]
    np.testing.assert_allclose(quartiles[0], quartiles[2], rtol=0.15)


def test_moving_rows_moves_no_row_to_another_split() -> None:
    frame = data()
    where = {}
    for name, part in opened(frame).parts.items():
        where.update(dict.fromkeys(frame["a"].iloc[part.rows], name))
    shuffled = frame.sample(frac=1, random_state=3).reset_index(drop=True)
    for name, part in opened(shuffled).parts.items():
        assert {where[value] for value in shuffled["a"].iloc[part.rows]} == {name}
    seeds = [splits(opened(frame, seed=seed))["test"].tolist() for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]


def test_adding_rows_moves_few() -> None:
    frame = data()
    first = set(splits(opened(frame))["test"].tolist())
    more = set(splits(opened(pd.concat([frame, data(7, 50)], ignore_index=True)))["test"].tolist())
    assert len(first - more) < 15


def test_identical_rows_stay_on_one_side() -> None:
    frame = pd.concat([data(), data().iloc[:40]], ignore_index=True)
    table = opened(frame)
    side = {row: name for name, rows in splits(table).items() for row in rows.tolist()}
    assert all(side[row] == side[N + row] for row in range(40))
    assert any("80 rows are the same as another one" in str(decision) for decision in table.decisions)
    apart = splits(opened(frame, duplicates=False))
    side = {row: name for name, rows in apart.items() for row in rows.tolist()}
    assert any(side[row] != side[N + row] for row in range(40))


def test_rows_that_are_alike_by_nature_are_spread() -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"a": generator.integers(0, 3, N), "b": generator.integers(0, 3, N)})
    frame["label"] = np.where((frame["a"] + generator.integers(0, 3, N)) > 2, "x", "y")
    table = opened(frame)
    assert [len(part.rows) for part in table.parts.values()] == [600, 200, 200]
    kinds = [len(frame[["a", "b"]].iloc[part.rows].drop_duplicates()) for part in table.parts.values()]
    assert kinds == [9, 9, 9]
    assert any("rows of this table are alike by nature" in str(decision) for decision in table.decisions)


def test_groups_stay_whole_and_models_do_not_see_them() -> None:
    groups = [f"patient {i // 5}" for i in range(N)]
    table = opened(data().assign(patient=groups), group="patient")
    side = [set(np.array(groups)[rows]) for rows in splits(table).values()]
    assert not (side[0] & side[1] or side[0] & side[2] or side[1] & side[2])
    assert "patient" not in table.codec.columns
    assert abs(len(table.parts["test"].rows) - 200) <= 10
    groups[7] = ""
    table = opened(data().assign(patient=groups), group="patient")
    assert "1 row has no group in column 'patient'" in table.warnings[0]


def test_time_puts_train_before_validation_before_test() -> None:
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.random.default_rng(0).integers(0, 300, N), unit="D")
    frame = data().assign(when=when)
    table = opened(frame, time="when")
    train, validation, test = (frame["when"].iloc[rows] for rows in splits(table).values())
    assert train.max() < validation.min() and validation.max() < test.min()
    assert 150 < len(test) < 250
    said = next(str(decision) for decision in table.decisions if decision.what == "splits")
    assert said.startswith("splits: train before 2020-") and "as --time when says" in said


def test_time_may_be_a_number_that_counts_the_rows() -> None:
    table = opened(data().assign(step=np.arange(N)), time="step")
    assert splits(table)["test"].min() == 800 and splits(table)["validation"].tolist() == list(range(600, 800))
    assert "step" not in table.codec.columns


def test_rows_without_a_time_are_set_aside_and_words_are_no_times() -> None:
    when = pd.Series(pd.date_range("2020-01-01", periods=N)).where(np.arange(N) % 10 > 0)
    table = opened(data().assign(when=when), time="when")
    assert sum(len(rows) for rows in splits(table).values()) == 900
    assert "100 rows have no time in column 'when': set aside." in table.warnings
    with pytest.raises(DataError, match="column 'when' holds neither dates nor numbers and cannot be the --time"):
        opened(data().assign(when=["early", "late"] * 500), time="when")
    with pytest.raises(DataError, match="no row is left for train"):
        opened(data().assign(when=[pd.Timestamp("2020-01-01")] * 999 + [pd.Timestamp("2020-01-02")]), time="when")


def test_an_earlier_copy_of_a_later_row_is_set_aside() -> None:
    frame = pd.concat([data(), data().iloc[:30]], ignore_index=True).assign(step=np.arange(N + 30) / 2)
    frame.loc[N:, "step"] = frame.loc[:29, "step"].to_numpy()
    table = opened(frame.assign(step=frame["step"]), time="step")
    assert not any(leak.kind == "repeated" for leak in table.leaks)  # both lie in train
    frame["step"] = 1.0
    frame.loc[400:, "step"], frame.loc[800:, "step"] = 2.0, 3.0
    table = opened(frame, time="step", columns={"step": "drop"})
    assert next(leak for leak in table.leaks if leak.kind == "repeated").what.startswith(
        "30 rows have a row in a later"
    )


def test_a_published_split_is_kept_and_found_by_its_name() -> None:
    part = np.array(["train"] * 700 + ["test"] * 300)
    table = opened(data().assign(split=part))
    assert splits(table)["test"].tolist() == list(range(700, N)) and "split" not in table.codec.columns
    assert len(splits(table)["validation"]) == 140
    assert any(decision.override == "--split none" for decision in table.decisions)
    part[:100] = "val"
    assert splits(opened(data().assign(mine=part), split="mine"))["validation"].tolist() == list(range(100))
    cut = opened(data().assign(split=part), split="none", columns={"split": "drop"})
    assert splits(cut)["test"].tolist() != list(range(700, N))
    part[0] = "elsewhere"
    with pytest.raises(DataError, match="column 'mine' must say train, validation or test in every row; it also says"):
        opened(data().assign(mine=part), split="mine")


def test_a_test_file_that_repeats_most_of_train_is_a_leak_and_no_nature() -> None:
    frame = data()
    test = pd.concat([frame.iloc[:600], data(seed=1, count=100)], ignore_index=True)
    opened = open_table(frame, TableOptions(label="label"), test=test)
    assert len(opened.parts["train"].rows) + len(opened.parts["validation"].rows) == 400
    (leak,) = (leak for leak in opened.leaks if leak.kind == "repeated")
    assert leak.what.startswith("600 rows have a row in a later split")
    with pytest.raises(DataError, match="no row is left for train.* 1,000 rows of train and validation had a copy or"):
        open_table(frame, TableOptions(label="label"), test=frame)


def test_a_validation_share_that_was_said_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "MOST_VALIDATION", 70)
    frame = data().assign(split=["train"] * 700 + ["test"] * 300)
    assert len(splits(opened(frame))["validation"]) == 70
    assert len(splits(opened(frame, validation_fraction=0.4))["validation"]) == 280


def test_classes_that_a_split_lacks_are_named() -> None:
    label = np.array(["often", "seldom"] * 500)
    label[900:] = "new"
    table = opened(data().assign(when=np.arange(N) / 3, label=label), time="when")
    assert "no row of class 'new' is in train: it cannot be learned." in table.warnings
    assert "no row of class 'new' is in validation: it has no part in the choice." in table.warnings


def test_one_class_in_train_is_refused() -> None:
    frame = data().assign(when=np.arange(N) / 3, label=["often"] * 700 + ["seldom"] * 300)
    with pytest.raises(DataError, match="only one class is left in train, 'often'"):
        opened(frame, time="when")


@pytest.mark.parametrize(
    ("first", "name", "what"),
    [(0, "train", "nothing to learn"), (700, "validation", "nothing shows"), (850, "test", "nothing shows")],
)
def test_one_number_in_a_split_is_refused(first: int, name: str, what: str) -> None:
    price = np.random.default_rng(0).normal(size=N)
    price[first : first + (150 if first else 700)] = 5.0
    with pytest.raises(DataError, match=f"every label in {name} is 5, so (there is )?{what}"):
        shares = {"validation_fraction": 0.15, "test_fraction": 0.15}
        opened(data().assign(when=np.arange(N) / 3, label=price), time="when", **shares)
