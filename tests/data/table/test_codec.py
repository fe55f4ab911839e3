"""The codec of tables: one row gives the same numbers everywhere, and what linear models and networks see of it."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from epochal.core.errors import DataError
from epochal.data.table.categories import MISSING, MOST_LEVELS, OTHER
from epochal.data.table.codec import TableCodec
from epochal.data.table.columns import LEFT_OUT, inspect
from epochal.data.table.opened import open_table
from epochal.data.table.options import TableOptions
from epochal.data.table.read import read_table


def fitted(frame: Any, rows: Any = None, **options: Any) -> TableCodec:
    raw = read_table(frame)
    reads = inspect(raw, raw.columns, TableOptions(**options))
    kept = {name: read for name, read in reads.items() if read.column.kind not in LEFT_OUT}
    return TableCodec.fitted(
        {name: read.column for name, read in kept.items()},
        {name: read.cells for name, read in kept.items()},
        np.arange(len(raw)) if rows is None else np.asarray(rows),
    )


def only(values: Any, **options: Any) -> TableCodec:
    return fitted(pd.DataFrame({"x": values}), **options)


@pytest.fixture
def codec(table: pd.DataFrame) -> TableCodec:
    return fitted(table.drop(columns="churned"), np.arange(300))


def test_layout_names_every_column(codec: TableCodec) -> None:
    assert codec.columns == ("age", "income", "city", "since", "vip", "note")
    assert codec.names[:4] == ("age", "income", "vip", "since elapsed days")
    assert len(codec.names) == len(codec.levels) == len(codec.sources)
    assert len(codec.features) == codec.width
    assert set(codec.sources) == set(codec.columns)
    assert dict(zip(codec.names, codec.levels, strict=True))["city"] == 2 + 4


def test_at_rest_numbers_are_raw_and_categories_are_codes(codec: TableCodec, table: pd.DataFrame) -> None:
    encoded = codec.encode(table)
    assert encoded.dtype == np.float32 and encoded.shape == (400, len(codec.names))
    np.testing.assert_array_equal(encoded[:, 0], table["age"].to_numpy(np.float32))
    city = encoded[:, codec.names.index("city")]
    assert (city[table["city"].isna()] == MISSING).all()
    assert (city[table["city"] == "Berlin"] == 2).all()  # the most frequent level comes first
    assert np.nanmax(city) < codec.levels[codec.names.index("city")]


def test_any_order_extra_columns_types_and_a_row_alone_give_the_same(codec: TableCodec, table: pd.DataFrame) -> None:
    encoded = codec.encode(table)
    frame = table[table.columns[::-1]].assign(more=1)
    np.testing.assert_array_equal(codec.encode(frame), encoded)
    np.testing.assert_array_equal(codec.encode(pa.Table.from_pandas(table)), encoded)
    np.testing.assert_array_equal(codec.encode(table.astype(str).replace("nan", "")), encoded)
    kinds = {"city": "category", "since": "datetime64[ns]"}
    np.testing.assert_array_equal(codec.encode(table.astype(kinds)), encoded)
    rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    np.testing.assert_array_equal(codec.encode(rows), encoded)
    for place in (0, 1, 17, 399):
        np.testing.assert_array_equal(codec.encode(rows[place])[0], encoded[place])
    assert codec.encode(table.iloc[:0]).shape == (0, len(codec.names))


def test_a_row_in_a_fresh_process_gives_the_same_bits(codec: TableCodec, table: pd.DataFrame, tmp_path: Any) -> None:
    (tmp_path / "codec.json").write_text(codec.to_json(), encoding="utf-8")
    rows = json.loads(table.iloc[:5].to_json(orient="records"))
    (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    program = (
        "import sys, json, numpy as np\n"
        "from epochal.data.table.codec import TableCodec\n"
        "codec = TableCodec.from_json(open(sys.argv[1]).read())\n"
        "encoded = codec.encode(json.load(open(sys.argv[2])))\n"
        "print(encoded.tobytes().hex(), codec.dense(encoded).tobytes().hex())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "codec.json"), str(tmp_path / "rows.json")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    encoded = codec.encode(table.iloc[:5])
    assert printed == [encoded.tobytes().hex(), codec.dense(encoded).tobytes().hex()]


def test_the_order_of_training_rows_changes_nothing(table: pd.DataFrame) -> None:
    frame = table.drop(columns="churned")
    again = fitted(frame.sample(frac=1, random_state=1).reset_index(drop=True))
    one = fitted(frame)
    assert [part.kept for part in again.categories] == [part.kept for part in one.categories]
    assert again.texts[0].words == one.texts[0].words
    assert again.numbers[1].knots == one.numbers[1].knots


def test_only_training_rows_are_looked_at(table: pd.DataFrame) -> None:
    frame = table.drop(columns="churned")
    other = frame.copy()
    other.loc[300:, "income"] = 1e9
    other.loc[300:, "city"] = "Elsewhere"
    assert fitted(frame, np.arange(300)) == fitted(other, np.arange(300))


def test_numbers_are_standardised() -> None:
    values = np.random.default_rng(0).normal(50, 10, 1_000)
    codec = only(values)
    seen = codec.dense(codec.encode(pd.DataFrame({"x": values})))
    assert seen.shape == (1_000, 1) and codec.numbers[0].knots == ()
    assert abs(seen.mean()) < 1e-5 and abs(seen.std() - 1) < 1e-5


def test_heavy_tails_go_through_their_quantiles() -> None:
    values = np.exp(np.random.default_rng(0).normal(0, 3, 5_000))
    codec = only(values)
    seen = codec.dense(codec.encode(pd.DataFrame({"x": values})))[:, 1]
    assert codec.features == ("x", "normal score of x") and len(codec.numbers[0].knots) > 100
    assert np.abs(seen).max() < 5 and (np.diff(seen[np.argsort(values)]) >= 0).all()
    assert abs(float(np.mean(seen**4)) - 3) < 0.5  # as normal numbers have it; the raw ones have hundreds
    far = codec.dense(codec.encode([{"x": 1e300}, {"x": -1e300}]))[:, 1]
    assert far[0] == seen.max() and far[1] == seen.min()


def test_mostly_zero_counts_keep_their_zeros_apart() -> None:
    values = np.concatenate([np.zeros(920), np.random.default_rng(0).integers(1, 100_000, 80)])
    codec = only(values)
    seen = codec.dense(codec.encode(pd.DataFrame({"x": values})))[:, 1]
    assert len(np.unique(seen[:920])) == 1 and (seen[920:] > seen[0]).all()
    assert len(np.unique(seen)) > 70  # the few others have knots of their own


def test_missing_is_a_sign_only_where_training_rows_have_it() -> None:
    codec = only([1.0, 2.0, np.nan, 4.0] * 10)
    assert codec.features == ("x", "x is missing")
    seen = codec.dense(codec.encode([{"x": None}, {"x": 2.0}]))
    assert seen[0].tolist() == [0.0, 1.0] and seen[1, 1] == 0
    codec = only([1.0, 2.0, 3.0, 4.0] * 10)
    encoded = codec.encode({"x": None})
    assert codec.features == ("x",) and np.isnan(encoded).all() and codec.dense(encoded).tolist() == [[0.0]]


def test_a_number_far_outside_stays_finite() -> None:
    codec = only(np.linspace(0, 1, 50))
    encoded = codec.encode([{"x": 1e300}, {"x": "inf"}, {"x": float("-inf")}])
    seen = codec.dense(encoded)
    assert np.isfinite(encoded[0]).all() and np.isnan(encoded[1:]).all()
    assert seen[0, 0] == 10 and np.isfinite(seen).all()


def test_large_numbers_that_differ_little_are_kept_apart() -> None:
    values = 1_500_000_000.0 + np.arange(500) * 3 % 301
    codec = only(values)
    encoded = codec.encode(pd.DataFrame({"x": values}))
    assert len(np.unique(encoded)) == len(np.unique(values))


def test_a_single_number_and_missing_gives_no_division_by_zero() -> None:
    codec = only([7.1] * 30 + [np.nan] * 10)
    assert codec.dense(codec.encode([{"x": 7.1}, {"x": None}])).tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_rare_unseen_and_missing_levels_are_three_things() -> None:
    values = ["a"] * 30 + ["b"] * 20 + ["rare one", "rare two"] + [None] * 8
    codec = only(values, columns={"x": "category"})
    encoded = codec.encode([{"x": "a"}, {"x": "b"}, {"x": "rare one"}, {"x": "never seen"}, {"x": None}])
    assert encoded[:, 0].tolist() == [2, 3, OTHER, OTHER, MISSING] and codec.levels == (4,)
    assert codec.features == ("x is missing", "x is rare", "x = a", "x = b")
    assert codec.dense(encoded).tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]


def test_without_rare_levels_an_unseen_one_is_all_zeros() -> None:
    codec = only(["a", "b"] * 30)
    assert codec.dense(codec.encode([{"x": "never seen"}, {"x": None}])).tolist() == [[0, 0], [0, 0]]


def test_ten_thousand_levels_keep_the_most_frequent() -> None:
    generator = np.random.default_rng(0)
    values = [f"shop {int(i)}" for i in (generator.pareto(0.5, 30_000) * 5) % 10_000]
    codec = only(values, columns={"x": "category"})
    assert len(codec.categories[0].kept) == MOST_LEVELS and codec.width == MOST_LEVELS + 1
    assert codec.categories[0].kept[0] == pd.Series(values).value_counts().index[0]


def test_levels_are_the_same_in_any_type_of_number() -> None:
    codec = only(np.array([1, 2, 3] * 20), columns={"x": "category"})
    for row in ({"x": 2}, {"x": 2.0}, {"x": "2"}, {"x": " 2 "}, {"x": np.int8(2)}):
        assert codec.encode(row).item() == codec.encode({"x": 2}).item() > 1


def test_dates_become_parts() -> None:
    dates = pd.date_range("2020-01-01", "2022-12-31", freq="7h")
    codec = only(dates)
    assert codec.names == ("x elapsed days", "x year", "x month", "x weekday", "x hour")
    encoded = codec.encode({"x": "2021-03-14 15:30:00"})[0]  # a Sunday
    assert encoded[0] == pytest.approx(438 + 15.5 / 24) and encoded[1] == 2021
    assert encoded[2:].tolist() == [2 + 2, 2 + 6, 2 + 15] and codec.levels == (0, 0, 14, 9, 26)
    seen = codec.dense(encoded[None])[0]
    ones = [feature for feature, value in zip(codec.features, seen, strict=True) if value == 1]
    assert ones == ["x month = 2", "x weekday = 6", "x hour = 15"]
    before = codec.encode({"x": "1955-07-04"})[0]
    assert before[0] < 0 and before[1] == 1955 and before[2:].tolist() == [2 + 6, 2, 2]


def test_parts_that_never_vary_are_left_out_and_a_missing_date_has_one_sign() -> None:
    values = pd.Series(pd.date_range("2020-01-01", periods=100)).where(np.arange(100) % 9 > 0)
    codec = only(values)
    assert codec.names == ("x elapsed days", "x year", "x month", "x weekday")
    encoded = codec.encode({"x": None})[0]
    assert np.isnan(encoded[:2]).all() and encoded[2:].tolist() == [0, 0]
    seen = codec.dense(encoded[None])[0]
    assert seen.sum() == 1 and codec.features[int(seen.argmax())] == "x elapsed days is missing"


def test_texts_are_tf_idf_as_scikit_learn_has_it() -> None:
    generator = np.random.default_rng(0)
    words = [f"word{i}" for i in range(40)]
    texts = [" ".join(generator.choice(words, 8)) + f" only{i}" for i in range(200)]
    codec = only(texts)
    assert sorted(codec.texts[0].words) == sorted(words)
    oracle = TfidfVectorizer(vocabulary=list(codec.texts[0].words)).fit(texts)
    encoded = codec.encode(pd.DataFrame({"x": texts}))
    np.testing.assert_allclose(encoded, oracle.transform(texts).toarray(), atol=1e-5)
    np.testing.assert_array_equal(codec.dense(encoded), encoded)
    assert (codec.encode({"x": "nothing known"}) == 0).all() and np.isnan(codec.encode({"x": None})).all()


def test_missing_columns_are_named_with_what_they_may_be(codec: TableCodec, table: pd.DataFrame) -> None:
    with pytest.raises(
        DataError,
        match=r"2 of the 6 columns that the model learned from are not in these rows: 'age' \(is it 'Age'\?\), 'note'",
    ):
        codec.encode(table.rename(columns={"age": "Age"}).drop(columns="note"))
    with pytest.raises(DataError, match="1 of the 6 columns that the model learned from is not in these rows: 'vip'"):
        codec.encode({"age": 1, "income": 1, "city": "Rome", "since": "2020-01-01", "note": "good"})


def test_what_is_different_about_new_rows_is_told(codec: TableCodec, table: pd.DataFrame) -> None:
    assert codec.examine(table.drop(columns=["churned", "customer_id"])) == ()
    row = {"age": "old", "income": None, "city": "Madrid", "since": "2020-01-01", "vip": "yes", "note": "x", "more": 1}
    assert codec.examine(row) == (
        "1 column is not used by the model: 'more'.",
        "column 'age': 1 of 1 cells are no number ('old') and are taken as missing.",
        "column 'income': 1 of 1 cells are missing, and none was in training.",
        "column 'city': 1 of 1 rows have a value that training never saw ('Madrid').",
    )


def test_a_file_is_read_for_the_codec_as_it_was_for_training(codec: TableCodec, write: Any) -> None:
    zips = pd.DataFrame({"zip": [f"{i % 40:05d}" for i in range(200)], "x": np.arange(200) % 7})
    codec = fitted(zips)
    path = write("x,zip\n3,00012\n4,12\n")
    encoded = codec.encode(read_table(path, as_text=codec.as_text))
    assert encoded[0, 1] == codec.encode({"x": 3, "zip": "00012"})[0, 1] > OTHER
    assert encoded[1, 1] == OTHER  # 12 is not 00012


def test_nothing_left_to_learn_from() -> None:
    with pytest.raises(DataError, match="no column is left to learn from: .* Say --column NAME=KIND to keep one."):
        only([1] * 30)


def test_numbers_their_scores_and_dates_are_numbers_and_signs_levels_and_words_are_not(table: pd.DataFrame) -> None:
    codec = open_table(table).codec
    numbers = {codec.features[place] for place in codec.numeric}
    assert {"age", "income", "normal score of income", "vip", "since elapsed days", "since year"} <= numbers
    others = set(codec.features) - numbers
    assert {"age is missing", "city is missing", "city = Berlin", "since month = 0"} <= others
    assert any(feature.startswith("note: ") for feature in others)


def test_a_codec_without_numbers_has_none() -> None:
    assert TableCodec(columns=()).numeric == ()
