"""A table from its file to encoded splits: what the codec gives for a raw row is what training and evaluation see."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import DataError
from epochal.data.table.codec import TableCodec
from epochal.data.table.opened import OpenedTable, open_table
from epochal.data.table.options import TableOptions
from epochal.data.table.read import read_table


def opened(source: Any, **options: Any) -> OpenedTable:
    return open_table(source, TableOptions(**{"label": "churned", **options}))


def test_the_splits_hold_what_the_codec_gives_for_raw_rows(table: pd.DataFrame) -> None:
    found = opened(table)
    for part in found.parts.values():
        np.testing.assert_array_equal(found.codec.encode(table.iloc[part.rows]), part.inputs)
        assert [found.labels[target] for target in part.targets] == table["churned"].iloc[part.rows].tolist()
        assert part.inputs.flags.c_contiguous and part.inputs.dtype == np.float32
    assert found.target == "classes" and found.labels == ("no", "yes") and found.label == "churned"
    assert {name: len(part.rows) for name, part in found.parts.items()} == {"train": 240, "validation": 80, "test": 80}


def test_a_csv_file_a_parquet_file_and_a_frame_are_one_table(table: pd.DataFrame, tmp_path: Path) -> None:
    table.to_csv(tmp_path / "table.csv", index=False)
    table.to_csv(tmp_path / "semicolons.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    table.to_parquet(tmp_path / "table.parquet")
    table.to_json(tmp_path / "table.jsonl", orient="records", lines=True)
    expected = opened(table)
    for name in ("table.csv", "semicolons.csv", "table.parquet", "table.jsonl"):
        found = opened(tmp_path / name)
        for split, part in expected.parts.items():
            np.testing.assert_array_equal(found.parts[split].inputs, part.inputs)
            np.testing.assert_array_equal(found.parts[split].rows, part.rows)
            np.testing.assert_array_equal(found.contents[split], expected.contents[split])


def test_a_row_of_the_file_in_a_fresh_process_gives_what_evaluation_saw(table: pd.DataFrame, tmp_path: Path) -> None:
    table.to_csv(tmp_path / "table.csv", index=False)
    found = opened(tmp_path / "table.csv")
    (tmp_path / "codec.json").write_text(found.codec.to_json(), encoding="utf-8")
    test = table.iloc[found.parts["test"].rows].drop(columns="churned")
    test[test.columns[::-1]].to_csv(tmp_path / "new.csv", index=False)
    program = (
        "import sys\n"
        "from epochal.data.table.codec import TableCodec\n"
        "from epochal.data.table.read import read_table\n"
        "codec = TableCodec.from_json(open(sys.argv[1]).read())\n"
        "print(codec.encode(read_table(sys.argv[2], as_text=codec.as_text)).tobytes().hex())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "codec.json"), str(tmp_path / "new.csv")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert printed == found.parts["test"].inputs.tobytes().hex()


def test_the_codec_is_plain_json(table: pd.DataFrame) -> None:
    codec = opened(table).codec
    assert TableCodec.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec
    assert TableCodec.from_json(codec.to_json()).digest() == codec.digest()


def test_nothing_of_the_held_out_rows_is_in_the_codec(table: pd.DataFrame) -> None:
    found = opened(table)
    held = np.concatenate([found.parts["validation"].rows, found.parts["test"].rows])
    other = table.copy()
    split = np.full(len(table), "train", object)
    split[found.parts["validation"].rows], split[found.parts["test"].rows] = "validation", "test"
    other.loc[held, "income"] *= 1_000
    other.loc[held, "city"] = "Elsewhere"
    assert opened(other.assign(part=split), split="part").codec.numbers == found.codec.numbers
    assert opened(other.assign(part=split), split="part").codec.categories == found.codec.categories


def test_no_label_of_a_held_out_row_decides_anything(table: pd.DataFrame) -> None:
    split = np.array(["train", "validation", "test", "train"] * 100)
    frame = table.assign(part=split, copy=table["churned"])
    found = opened(frame, split="part")
    assert [leak.column for leak in found.leaks if leak.kind == "copy"] == ["copy"]
    other = frame.copy()
    other.loc[split != "train", "churned"] = np.where(np.arange(200) % 2, "yes", "no")
    changed = opened(other, split="part")
    assert changed.leaks == found.leaks and changed.codec == found.codec


def test_weights_groups_and_time_are_no_features(table: pd.DataFrame) -> None:
    frame = table.assign(weight=np.arange(len(table)) % 3 + 1.0, shop=[f"shop {i % 40}" for i in range(len(table))])
    found = opened(frame, weights="weight", group="shop")
    assert any("'weight'" in each.what and "the weight of each row" in each.chosen for each in found.decisions)
    assert not {"weight", "shop"} & set(found.codec.columns)
    for part in found.parts.values():
        assert part.weights is not None
        np.testing.assert_array_equal(part.weights, frame["weight"].iloc[part.rows])


def test_rows_without_a_label_are_in_no_split(table: pd.DataFrame) -> None:
    table["churned"] = table["churned"].where(np.arange(len(table)) % 4 > 0)
    found = opened(table)
    rows = np.concatenate([part.rows for part in found.parts.values()])
    assert len(rows) == 300 and (rows % 4 > 0).all()
    for part in found.parts.values():
        np.testing.assert_array_equal(found.codec.encode(table.iloc[part.rows]), part.inputs)


def test_an_id_may_be_kept(table: pd.DataFrame) -> None:
    found = opened(table, keep=("customer_id",))
    assert "customer_id" in found.codec.columns and found.leaks == ()
    keys = table.assign(customer_id=[f"k{i}" for i in range(len(table))])
    assert opened(keys, keep=("customer_id",)).codec.categories[0].column.name == "customer_id"


def test_a_table_with_nothing_to_learn_from_says_why(table: pd.DataFrame) -> None:
    frame = table[["customer_id", "churned"]].assign(copy=table["churned"].str.upper(), same=1)
    with pytest.raises(DataError, match="no column is left to learn from. column 'customer_id' is an id: .*'copy'"):
        opened(frame)


def test_texts_without_a_common_word_are_left_out_and_said(table: pd.DataFrame) -> None:
    table["note"] = [f"a{i} b{i} c{i} d{i} e{i}" for i in range(len(table))]
    found = opened(table)
    assert "note" not in found.codec.columns
    assert any(str(decision).startswith("column 'note': left out (no word stands") for decision in found.decisions)


def test_a_kind_that_fits_no_cell_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"'note': none of its 400 cells can be read as number, as --column note="):
        opened(table, columns={"note": "number"})


def test_frames_of_any_dtype(table: pd.DataFrame) -> None:
    import uuid

    frame = table.assign(
        nullable=pd.array([1, None] * 200, dtype="Int64"),
        truth=pd.array([True, None, False, True] * 100, dtype="boolean"),
        levels=pd.Categorical([1, 2, 3, 1] * 100),
        zoned=pd.date_range("2020", periods=400, freq="h", tz="Europe/Berlin"),
        mixed=[1, "two", 3.5, None] * 100,
        keys=[uuid.UUID(int=index) for index in range(400)],
        large=np.array([2**63 + 10**16 * index for index in range(4)] * 100, np.uint64),
    )
    found = opened(frame)
    kinds = {part.column.name: part.column.kind for part in found.codec.parts}
    assert kinds["nullable"] == kinds["large"] == "number" and kinds["truth"] == "boolean"
    assert kinds["levels"] == kinds["mixed"] == "category" and kinds["zoned"] == "date" and "keys" not in kinds
    for part in found.parts.values():
        np.testing.assert_array_equal(found.codec.encode(frame.iloc[part.rows]), part.inputs)
        np.testing.assert_array_equal(found.codec.encode(frame.iloc[part.rows].to_dict("records")), part.inputs)
        assert np.isfinite(found.codec.dense(part.inputs)).all()


def test_names_of_columns_that_are_numbers(table: pd.DataFrame) -> None:
    frame = table.rename(columns={"age": 7})
    found = opened(frame)
    rows = found.parts["test"].rows[:3]
    np.testing.assert_array_equal(
        found.codec.encode(frame.iloc[rows].to_dict("records")), found.parts["test"].inputs[:3]
    )


def test_two_files(table: pd.DataFrame, tmp_path: Path) -> None:
    table.iloc[:300].to_csv(tmp_path / "train.csv", index=False)
    table.iloc[300:].to_csv(tmp_path / "test.csv", index=False)
    found = open_table(tmp_path / "train.csv", TableOptions(label="churned"), test=tmp_path / "test.csv")
    assert found.parts["test"].rows.tolist() == list(range(300, 400))
    np.testing.assert_array_equal(found.codec.encode(table.iloc[300:]), found.parts["test"].inputs)


def test_two_files_with_decimal_commas(tmp_path: Path) -> None:
    rows = [f"{i % 9},5;{'Oslo' if i % 2 else 'Rome'};{1 + i % 7}.{100 + i}" for i in range(300)]
    for name, part in (("train", rows[:200]), ("test", rows[200:])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["size;city;price", *part]) + "\n")
    found = open_table(tmp_path / "train.csv", TableOptions(label="price"), test=tmp_path / "test.csv")
    expected = [1000.0 * (1 + i % 7) + 100 + i for i in range(200, 300)]  # 1.300 is thirteen hundred there
    assert found.parts["test"].targets.tolist() == expected


def test_levels_in_two_unicode_forms_are_one(write: Callable[..., Path]) -> None:
    forms = ("caf\u00e9", "cafe\u0301")
    rows = "".join(f"{i % 7},{forms[i % 2]},{'ab'[i % 3 == 0]}\n" for i in range(60))
    raw = read_table(write(f"x,place,label\n{rows}x,tea,a\n"))
    codec = open_table(raw.table.to_pandas(), TableOptions(label="label")).codec
    assert [part.kept for part in codec.categories if part.column.name == "place"] == [("caf\u00e9", "tea")]


def test_levels_that_the_user_names_are_read_as_they_are_written(write: Callable[..., Path]) -> None:
    rows = "".join(f"{i % 7},{1 + i % 3}.50,{'ab'[i % 2]}\n" for i in range(300))
    path = write(f"x,size,label\n{rows}1,007,a\n1,007,b\n")
    assert open_table(path, TableOptions(label="label")).codec.numbers[1].column.name == "size"
    codec = open_table(path, TableOptions(label="label", columns={"size": "category"})).codec
    assert {"1.50", "2.50", "3.50"} <= set(codec.categories[0].kept) and codec.as_text == ("size",)
    assert codec.encode({"x": 1, "size": "1.50"})[0, 1] > 1


def test_a_column_to_keep_that_is_not_there_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"There is no column 'aeg' for the columns to keep .* Did you mean 'age'"):
        opened(table, keep=("aeg",))
