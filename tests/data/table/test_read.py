"""Reading tables: separators, encodings, headers, ragged rows, and what each error says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from epochal.core.errors import DataError
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import as_table, join_tables
from epochal.data.table.read import read_table

Write = Callable[..., Path]


def body(row: str, count: int = 30) -> str:
    return "".join(row.format(i=i, n=i % 7, c="ab"[i % 2]) + "\n" for i in range(count))


@pytest.mark.parametrize(("mark", "told"), [(",", False), (";", True), ("\t", True), ("|", True)])
def test_separators_are_found_and_said(write: Write, mark: str, told: bool) -> None:
    raw = read_table(write(f"x{mark}k{mark}label\n" + body(f"{{i}}.5{mark}{{n}}{mark}{{c}}")))
    assert raw.columns == ["x", "k", "label"] and len(raw) == 30
    assert raw.column("x").to_pylist()[:2] == [0.5, 1.5]
    assert [decision.chosen for decision in raw.decisions] == ([repr(mark)] if told else [])


def test_decimal_commas_do_not_cut_cells_and_are_noticed(write: Write) -> None:
    raw = read_table(write("x;k;label\n" + body("{i},5;1.{i:03d};{c}")))
    assert raw.columns == ["x", "k", "label"] and raw.decimal == ","
    assert raw.column("k").to_pylist()[7] == "1.007"  # a thousand and seven, not one and a bit


def test_a_line_that_names_the_separator_is_obeyed(write: Write) -> None:
    raw = read_table(write("sep=;\nx;label\n" + body("{i};{c}")))
    assert raw.columns == ["x", "label"] and len(raw) == 30


@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", ""), ("utf-8-sig", ""), ("cp1252", "cp1252"), ("utf-16", "utf-16")]
)
def test_encodings(write: Write, encoding: str, told: str) -> None:
    raw = read_table(write("Größe,label\n" + body("Köln{n},{c}"), encoding=encoding))
    assert raw.columns == ["Größe", "label"]
    assert raw.column("Größe").to_pylist()[1] == "Köln1"
    assert [decision.chosen for decision in raw.decisions] == ([told] if told else [])


def test_bytes_that_are_no_utf8_far_down_the_file_are_read_as_windows_text(write: Write) -> None:
    text = "city,label\n" + body("Rome,{c}", 20_000) + "Köln,a\n"
    raw = read_table(write(text, encoding="cp1252"))
    assert raw.column("city").to_pylist()[-1] == "Köln" and raw.decisions[0].override == "--encoding"


def test_quotes_commas_and_newlines_inside_cells(write: Write) -> None:
    raw = read_table(write('text,label\n"a, ""b""\nc",x\n' + body("w{n},{c}")))
    assert raw.column("text").to_pylist()[0] == 'a, "b"\nc' and len(raw) == 31


def test_newlines_in_cells_far_below_the_first_rows(write: Write) -> None:
    lines = "".join(f'{i},"first {i}\nsecond, third\n{"x" * (i % 50)}",{"ab"[i % 2]}\n' for i in range(130_000))
    raw = read_table(write("x,text,label\n" + body("{i},{c},{c}", 20_000) + lines))
    assert len(raw) == 150_000 and not raw.problems
    assert raw.column("text").to_pylist()[-1] == "first 129999\nsecond, third\n" + "x" * 49


def test_windows_line_ends_and_empty_lines(write: Write) -> None:
    raw = read_table(write(("x,label\n" + body("{i},{c}") + "\n\n").replace("\n", "\r\n")))
    assert len(raw) == 30 and raw.column("label").to_pylist()[0] == "a"


@pytest.mark.parametrize("text", ["", "\n \n\n"])
def test_an_empty_file(write: Write, text: str) -> None:
    with pytest.raises(DataError, match="is empty. Expected a line of column names and a line for each row."):
        read_table(write(text))


def test_a_header_without_rows(write: Write) -> None:
    with pytest.raises(DataError, match="has column names and no rows."):
        read_table(write("a,b,label\n"))


def test_a_single_column(write: Write) -> None:
    with pytest.raises(DataError, match="has a single column, 'a'. Expected columns .* --separator"):
        read_table(write("a\n1\n2\n"))


@pytest.mark.parametrize("first", ["1.5,3,a", "red,3,a"])
def test_a_missing_header_is_refused_with_both_ways_out(write: Write, first: str) -> None:
    rows = first + "\n" + body("{i}.5,{n},{c}" if first[0] == "1" else "red,{n},{c}")
    with pytest.raises(DataError, match="seems to have no header: .* say --header no .* or --header yes"):
        read_table(write(rows))
    raw = read_table(write(rows), TableOptions(header="no"))
    assert raw.columns == ["column 1", "column 2", "column 3"] and len(raw) == 31
    assert len(read_table(write(rows), TableOptions(header="yes"))) == 30


def test_a_header_of_words_only_is_known_by_cells_that_stand_again(write: Write) -> None:
    with pytest.raises(DataError, match="the cells of its first line, such as 'red', stand again"):
        read_table(write("red,a,yes\n" + body("red,{c},yes")))


def test_years_as_names_are_a_header(write: Write) -> None:
    raw = read_table(write("key,2019,2020,2021,label\n" + body("k{i},{i},{n},1.5,{c}")))
    assert raw.columns[1] == "2019"


def test_a_word_above_numbers_is_a_header_though_another_name_is_a_number(write: Write) -> None:
    assert read_table(write("x,7,label\n" + body("{i},{n},{c}"))).columns == ["x", "7", "label"]


def test_few_ragged_rows_are_set_aside_with_their_line(write: Write) -> None:
    raw = read_table(write("x,label\n" + body("{i},{c}") + "1,2,3\n" + body("{i},{c}")))
    assert len(raw) == 60
    assert str(raw.problems[0]) == "line 32: has 3 cells where the header has 2: '1,2,3' [set aside]"


def test_many_ragged_rows_are_refused(write: Write) -> None:
    with pytest.raises(
        DataError, match="30 of 60 rows have more or fewer cells than the header, which has 2; line 32 has 3. Give"
    ):
        read_table(write("x,label\n" + body("{i},{c}") + body("{i},{c},9")))


def test_an_unclosed_quote_is_named_with_its_line(write: Write) -> None:
    with pytest.raises(DataError, match="line 32 opens a quote that is not closed there"):
        read_table(write("x,label\n" + body("{i},{c}") + '"7,a\n' + body("{i},{c}")))


def test_names_that_stand_twice_are_told_apart(write: Write) -> None:
    raw = read_table(write("x,x,label\n" + body("{i},{n},{c}")))
    assert raw.columns == ["x", "x.1", "label"]
    assert "x.1 (the header has these names more than once)" in str(raw.decisions[0])


def test_an_empty_name_gets_its_place(write: Write) -> None:
    assert read_table(write(",x,label\n" + body("{i},{n},{c}"))).columns == ["column 1", "x", "label"]


def test_a_word_far_below_numbers_is_kept_as_it_is_written(write: Write) -> None:
    raw = read_table(write("x,label\n" + body("{i},{c}", 30_000) + "broken,a\n"))
    assert raw.column("x").to_pylist()[-1] == "broken" and raw.column("x").to_pylist()[5] == "5"


def test_codes_with_leading_zeros_and_long_numbers_stay_text(write: Write) -> None:
    raw = read_table(write("zip,card,label\n" + body("0{i:04d},12345678901234567{i},{c}")))
    assert raw.column("zip").to_pylist()[3] == "00003"
    assert raw.column("card").to_pylist()[3] == "123456789012345673"


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"PK\x03\x04zip", "is no text. Export the table as CSV or Parquet"), (b"a,b\n1,\0\n", "is no text")],
)
def test_a_spreadsheet_is_no_text(write: Write, content: bytes, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_table(write(content))


def test_what_is_no_table_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder. Expected one file: CSV, TSV, Parquet or JSON lines."):
        read_table(tmp_path)
    with pytest.raises(DataError, match="There is no file"):
        read_table(tmp_path / "absent.csv")
    (tmp_path / "table.xlsx").write_bytes(b"x")
    with pytest.raises(
        DataError,
        match="epochal cannot read table.xlsx as a table. Save it as CSV or Parquet; its ending should be one of .csv",
    ):
        read_table(tmp_path / "table.xlsx")


def test_parquet_and_a_frame_give_the_same_columns(tmp_path: Path, table: pd.DataFrame) -> None:
    table.to_parquet(tmp_path / "table.parquet")
    raw, memory = read_table(tmp_path / "table.parquet"), read_table(table)
    assert raw.columns == memory.columns == list(table.columns)
    for name in raw.columns:
        assert raw.column(name).to_pylist() == memory.column(name).to_pylist()


def test_the_index_that_pandas_writes_is_left_out(tmp_path: Path, table: pd.DataFrame) -> None:
    table.sample(frac=1, random_state=0).to_parquet(tmp_path / "table.parquet")
    raw = read_table(tmp_path / "table.parquet")
    assert raw.columns == list(table.columns)


def test_a_broken_parquet_file(write: Write) -> None:
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_table(write(b"PAR1 and no more", "table.parquet"))


def test_json_lines(write: Write) -> None:
    raw = read_table(write('{"x": 1, "label": "a"}\n{"x": 2.5, "label": "b", "extra": null}\n', "table.jsonl"))
    assert raw.column("x").to_pylist() == [1.0, 2.5] and raw.columns[:2] == ["x", "label"]


def test_json_lines_of_mixed_types_and_a_json_list(write: Write) -> None:
    raw = read_table(write('{"x": 1, "label": "a"}\n\n{"x": "two", "label": "b"}\n', "table.jsonl"))
    assert raw.column("x").to_pylist() == ["1", "two"]
    assert read_table(write('[{"x": 1}, {"x": 2}]', "table.json")).column("x").to_pylist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"x": 1}\n{"x": }\n', "line 2 is no JSON"),
        ('{"x": 1}\n[1]\n', "line 2 is no JSON object. Expected one row a line"),
        ("[]", "holds no rows"),
    ],
)
def test_bad_json_names_its_line(write: Write, text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_table(write(text, "table.jsonl"))


def test_rows_in_memory() -> None:
    expected = [{"x": 1, "y": "a"}, {"x": 2, "y": None}]
    assert as_table([{"x": 1, "y": "a"}, {"x": 2}]).to_pylist() == expected
    assert as_table({"x": [1, 2], "y": ["a", None]}).to_pylist() == expected
    assert as_table({"x": 1, "y": "a"}).to_pylist() == expected[:1]
    assert as_table(pd.DataFrame({"x": [1, "two", 3.0, np.nan]})).to_pylist() == [
        {"x": "1"},
        {"x": "two"},
        {"x": "3"},
        {"x": None},
    ]
    with pytest.raises(DataError, match="Expected a DataFrame, a row as a dict, or a list of such rows; got ndarray"):
        as_table(np.zeros((2, 2)))
    with pytest.raises(DataError, match="Two columns have the name 'x'"):
        as_table(pd.DataFrame([[1, 2]], columns=["x", "x"]))
    with pytest.raises(DataError, match="the table has no rows"):
        read_table(pd.DataFrame({"x": []}))


def test_a_test_file_is_joined_by_name(table: pd.DataFrame) -> None:
    other = table.iloc[:10][table.columns[::-1]].assign(more=1)
    joined = join_tables(read_table(table), read_table(other))
    assert joined.table.num_rows == len(table) + 10 and joined.columns == list(table.columns)
    assert joined.published is not None and joined.published.tolist().count(2) == 10
    assert "1 column is only in table and left out" in joined.warnings[0]
    with pytest.raises(DataError, match=r"the test rows lack 1 column of table: 'churned' \(is it 'Churned'\?\)"):
        join_tables(read_table(table), read_table(table.rename(columns={"churned": "Churned"})))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"columns": {"x": "colour"}}, "--column x=colour: 'colour' is no kind of column. The kinds are number"),
        ({"group": "a", "time": "b"}, "--group a and --time b ask for two different splits"),
        ({"decimal": "x"}, "--decimal must be '.' or ','"),
        ({"separator": "ab"}, "--separator must be one character"),
        ({"target": "colour"}, "target must be one of auto, classes, number"),
        ({"test_fraction": 0.6, "validation_fraction": 0.5}, "leave nothing to train on"),
        ({"test_fraction": 0.0}, "test_fraction must lie between 0 and 1"),
    ],
)
def test_options_that_make_no_sense(options: dict, says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_table(pa.table({"x": [1]}), TableOptions(**options))


@pytest.mark.parametrize("mark", [",", ";"])
@pytest.mark.parametrize("title", ["Export of March", "# made by hand\n# in May", "Export of March{mark}{mark}\n"])
def test_a_title_above_the_names_is_refused_with_what_to_do(write: Write, mark: str, title: str) -> None:
    text = title.format(mark=mark) + f"\nx{mark}k{mark}label\n" + body(f"{{i}}{mark}{{n}}{mark}{{c}}")
    first = title.partition("\n")[0].partition("{")[0]
    with pytest.raises(DataError) as found:
        read_table(write(text))
    assert str(found.value).endswith(
        f"table.csv: line 1, {first!r}, seems to be a title: it has one cell, and lines below have 3. Delete the lines "
        "above the one that names the columns."
    )


def test_lines_that_end_with_a_separator(write: Write) -> None:
    raw = read_table(write("x,label,\n" + body("{i},{c},")))
    assert raw.columns == ["x", "label"]
    assert "left out (the column has neither a name nor a cell, as where lines end in a sep" in str(raw.decisions[-1])
    with pytest.raises(DataError) as found:
        read_table(write("x,label\n" + body("{i},{c},")))
    assert str(found.value).endswith(
        "table.csv: 30 rows end with ',', and the header does not. Put ',' at the end of the header, too, or delete it "
        "from the end of every row."
    )


def test_a_last_row_of_totals_is_told_of(write: Write) -> None:
    raw = read_table(write("x,k,label\n" + body("k{i},{n},{c}") + "Total,99,\n"))
    assert raw.warnings == ["the last row says 'Total' in column 'x': if it holds totals, it is no example. Delete it."]
    assert not read_table(write("x,k,label\n" + body("k{i},{n},{c}"))).warnings
