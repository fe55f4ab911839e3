"""A file is a table, or a list of pictures, by what its cells hold."""

from pathlib import Path

import pandas as pd
import pytest

from epochal.core.errors import DataError
from epochal.kinds.claims import is_table


def written(folder: Path, name: str, frame: pd.DataFrame) -> Path:
    path = folder / name
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_rows_of_numbers_and_words_are_a_table(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"age": [20, 30, 40], "town": ["a", "b", "c"], "bought": ["yes", "no", "yes"]})
    assert is_table(str(written(tmp_path, name, frame))) == (True, "none of its first 3 rows names a picture")


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
@pytest.mark.parametrize("column", ["file", "x"])
def test_rows_that_name_pictures_are_none_whatever_the_column_is_called(tmp_path: Path, name: str, column: str) -> None:
    frame = pd.DataFrame({column: ["a/1.png", "a/2.JPG", "b/3.jpeg"], "label": ["a", "a", "b"]})
    assert is_table(str(written(tmp_path, name, frame))) == (False, "3 of its first 3 rows name a picture")


def test_files_without_an_ending_are_found_where_they_are(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"")
    assert not is_table(str(written(tmp_path, "rows.csv", pd.DataFrame({"x": ["one", "two"], "label": ["a", "b"]}))))[0]


def test_a_word_that_holds_an_ending_names_no_picture(tmp_path: Path) -> None:
    frame = pd.DataFrame({"note": ["sent a.png by mail", "jpg lost"], "label": ["a", "b"]})
    assert is_table(str(written(tmp_path, "rows.csv", frame)))[0]


def test_folders_and_other_files_are_no_tables_and_some_names_are(tmp_path: Path) -> None:
    assert is_table(str(tmp_path)) == (False, "")
    (tmp_path / "a.npz").write_bytes(b"")
    assert is_table(str(tmp_path / "a.npz")) == (False, "")
    assert is_table("wine") == (True, "") and is_table("digits") == (False, "")


def test_a_spreadsheet_and_an_empty_file_go_to_the_reader_of_tables(tmp_path: Path) -> None:
    for name in ("sales.xlsx", "sales.csv.gz", "empty.csv"):
        (tmp_path / name).write_bytes(b"")
        assert is_table(str(tmp_path / name)) == (True, "")


def test_the_nearest_name_and_the_nearest_path_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "customers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as found:
        is_table("custmers.csv")
    assert str(found.value) == (
        "'custmers.csv' is neither a path that exists nor the name of a data set. Did you mean 'customers.csv'? The "
        "named tables are adult, breast-cancer, diabetes, wine; the sets of pictures are digits, mnist, fashion-mnist, "
        "cifar10, hymenoptera."
    )
    with pytest.raises(DataError, match="Did you mean 'adult'"):
        is_table("adlt")
