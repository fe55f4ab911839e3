"""Manifests: columns guessed or given, bad rows named, groups and splits kept."""

import numpy as np
import pandas as pd
import pytest

from epochal.core.errors import DataError
from epochal.data import ReadOptions, open_dataset

from ..conftest import picture


@pytest.fixture
def table(tmp_path):
    """A table of 20 pictures of two species in pictures/."""
    (tmp_path / "pictures").mkdir()
    rows = []
    for index in range(20):
        name = f"pictures/{index:02} photo.png"
        picture(index).save(tmp_path / name)
        rows.append(
            {"file": name, "species": ("ant", "bee")[index % 2], "weight": index * 1.5, "site": f"s{index // 4}"}
        )
    return pd.DataFrame(rows)


def write(table, tmp_path, name="labels.csv", **options):
    path = tmp_path / name
    if name.endswith(".parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, **options)
    return path


def decisions(data):
    return {decision.what: decision for decision in data.report.decisions}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("labels.csv", {}),
        ("labels.csv", {"sep": ";"}),
        ("labels.tsv", {"sep": "\t"}),
        ("labels.csv", {"encoding": "utf-8-sig"}),
        ("labels.parquet", {}),
    ],
)
def test_columns_are_guessed_and_said(table, tmp_path, name, options):
    data = open_dataset(write(table, tmp_path, name, **options))
    assert data.task.labels == ("ant", "bee") and sum(data.task.counts.values()) == 20
    assert str(decisions(data)["labels"]) == "labels: column 'species' (named so) - override with --label"
    assert decisions(data)["picture files"].chosen == "column 'file'"
    assert data.report.kind == ("Parquet manifest" if name.endswith("parquet") else "CSV manifest")


def test_an_image_column_is_known_by_its_entries(table, tmp_path):
    data = open_dataset(write(table.rename(columns={"file": "Foto"}), tmp_path))
    assert decisions(data)["picture files"].why == "its entries end like picture files"


def test_given_columns(table, tmp_path):
    table = table.rename(columns={"file": "where", "species": "what"})
    options = ReadOptions(image="where", label="what", group="site")
    data = open_dataset(write(table, tmp_path), options=options)
    assert "labels" not in decisions(data)
    sites = dict(zip(table["where"], table["site"], strict=True))
    parts = [{sites[item] for item in part.items} for part in (data.train, data.validation, data.open_test())]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 5


def test_a_patient_column_is_respected_unasked(table, tmp_path):
    table = table.rename(columns={"site": "Patient"})
    data = open_dataset(write(table, tmp_path))
    assert decisions(data)["groups"].override == "--group none"
    patients = dict(zip(table["file"], table["Patient"], strict=True))
    parts = [{patients[item] for item in part.items} for part in (data.train, data.validation, data.open_test())]
    assert sum(map(len, parts)) == 5
    assert "groups" not in decisions(open_dataset(write(table, tmp_path), options=ReadOptions(group="none")))


def test_a_split_column(table, tmp_path):
    table["split"] = ["train"] * 12 + ["val"] * 4 + ["test"] * 4
    data = open_dataset(write(table, tmp_path))
    assert data.task.counts == {"train": 12, "validation": 4, "test": 4}
    assert data.open_test().items == tuple(table["file"][16:])
    table["split"] = [str(index % 5) for index in range(20)]  # numbered folds are no splits
    assert "splits" in decisions(open_dataset(write(table, tmp_path)))
    with pytest.raises(DataError, match=r"column 'split' must say train, validation or test; it also says '0', '1'"):
        open_dataset(write(table, tmp_path), options=ReadOptions(split="split"))


def test_groups_across_a_published_split_are_set_aside_from_train(table, tmp_path):
    table["split"] = ["train"] * 14 + ["test"] * 6  # site s3 is on both sides
    data = open_dataset(write(table, tmp_path), options=ReadOptions(group="site"))
    assert data.task.counts["test"] == 6
    aside = [problem for problem in data.report.problems if problem.action == "set aside"]
    assert [problem.file for problem in aside] == ["pictures/12 photo.png", "pictures/13 photo.png"]
    assert aside[0].what == ("is in train and shares its group with pictures/14 photo.png, which is in test")


def test_bad_rows_are_named(table, tmp_path):
    table.loc[0, "species"] = np.nan
    table.loc[1, "species"] = "  "
    table.loc[2, "file"] = "pictures/missing.png"
    table.loc[3, "file"] = np.nan
    table.loc[4, "file"] = "https://example.org/a.png"
    report = open_dataset(write(table, tmp_path)).report
    found = {problem.file: problem.what for problem in report.problems}
    assert found == {
        "pictures/00 photo.png": "has no label in column 'species' (row 1)",
        "pictures/01 photo.png": "has no label in column 'species' (row 2)",
        "pictures/missing.png": "is not there",
        "row 4": "has no file in column 'file'",
        "https://example.org/a.png": "is an address, not a file: download it first (row 5)",
    }
    assert sum(report.totals.values()) == 15


@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet"])
def test_words_for_nothing_are_classes_and_that_is_said(table, tmp_path, name):
    table["species"] = ["NA", "bee", "nan", "none", "null"] * 4
    report = open_dataset(write(table, tmp_path, name)).report
    assert report.labels == ("NA", "bee", "nan", "none", "null") and report.problems == ()
    assert any(
        "labels that say 'NA', 'nan', 'none', 'null' are read as classes" in warning for warning in report.warnings
    )


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_cells_of_a_parquet_column_are_no_class(table, tmp_path, missing):
    for column in (["ant", "bee"] * 10, [1, 2] * 10, pd.array([1, 2] * 10, dtype="Int64"), [True, False] * 10):
        table["species"] = pd.Series(column).astype(object)
        table.loc[3, "species"] = missing
        report = open_dataset(write(table, tmp_path, "labels.parquet")).report
        assert len(report.labels) == 2 and [problem.file for problem in report.problems] == ["pictures/03 photo.png"]


def rewritten(path, change):
    path.write_text("".join(change(line) + "\n" for line in path.read_text(encoding="utf-8").splitlines()))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("lines", ["rows", "all"])
def test_separators_at_the_end_of_lines(table, tmp_path, separator, lines):
    path = write(table, tmp_path, sep=separator)
    rewritten(path, lambda line: line + (separator * 2 if lines == "all" or line[0] == "p" else ""))
    data = open_dataset(path)
    assert data.task.labels == ("ant", "bee") and sum(data.task.counts.values()) == 20


def test_decimal_commas(table, tmp_path):
    table["species"] = [("ant, large", "bee")[index % 2] for index in range(20)]
    path = write(table, tmp_path, sep=";", decimal=",")
    assert "28,5" in path.read_text()
    assert open_dataset(path).task.labels == ("ant, large", "bee")
    with pytest.raises(DataError, match=r"look like measurements \(20 different numbers such as 1.5, from 0 to 28.5\)"):
        open_dataset(path, options=ReadOptions(label="weight"))
    path.write_text("sep=;\n" + path.read_text())
    assert open_dataset(path).task.labels == ("ant, large", "bee")
    path = write(table.assign(species="ant"), tmp_path)
    rewritten(path, lambda line: line.replace(".5", ",5"))
    with pytest.raises(
        DataError, match=r"row 2 has 5 cells, and the header names 4 columns \(file, species, weight, si"
    ):
        open_dataset(path)


def test_a_row_that_is_short_has_no_label(table, tmp_path):
    path = write(table[["file", "species"]], tmp_path)
    path.write_text(path.read_text() + "\n\npictures/extra.png\n")
    report = open_dataset(path).report
    assert [str(problem) for problem in report.problems] == [
        "pictures/extra.png: has no label in column 'species' (row 21) [set aside]"
    ]


def test_bytes_that_are_text_are_read(table, tmp_path):
    for column in ("file", "species", "site"):
        table[column] = table[column].map(str.encode)
    data = open_dataset(write(table, tmp_path, "labels.parquet"), options=ReadOptions(group="site"))
    assert data.task.labels == ("ant", "bee") and data.train.items[0].startswith("pictures/")


def test_an_index_of_a_parquet_table_is_a_column(table, tmp_path):
    assert open_dataset(write(table.set_index("file"), tmp_path, "labels.parquet")).task.labels == ("ant", "bee")


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        (
            "species",
            ["ant", "bee"],
            r"column 'species' holds lists \(row 1\). Expected the class of one picture in each ce",
        ),
        ("species", {"name": "ant"}, r"column 'species' holds structs \(row 1\)"),
        ("file", {"bytes": b"\x89PNG", "path": None}, r"column 'file' holds structs .*: write pictures that the table"),
        (
            "file",
            b"\x89PNG\r\n",
            r"column 'file' holds bytes that are no text .*: write pictures that the table itself",
        ),
        ("site", [1, 2], r"column 'site' holds lists \(row 1\). Expected the group of one picture in each cell"),
    ],
)
def test_cells_that_hold_several_things_name_their_column(table, tmp_path, column, cell, message):
    table[column] = [cell] * len(table)
    with pytest.raises(DataError, match=message):
        open_dataset(write(table, tmp_path, "labels.parquet"), options=ReadOptions(image="file", group="site"))


def test_a_column_that_is_there_twice(table, tmp_path):
    path = write(table, tmp_path)
    path.write_text(path.read_text().replace("weight", "species", 1))
    with pytest.raises(DataError, match="has 2 columns 'species': give one of them another name"):
        open_dataset(path)


def test_a_file_listed_twice_is_a_copy(table, tmp_path):
    data = open_dataset(write(pd.concat([table, table.head(2)]), tmp_path))
    assert data.report.duplicates.exact_pairs == 2
    assert any("2 files are listed more than once" in warning for warning in data.report.warnings)


@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet"])
def test_whole_numbers_are_classes_in_numeric_order(table, tmp_path, name):
    table["species"] = [(10, 9, 3)[index % 3] for index in range(20)]
    assert open_dataset(write(table, tmp_path, name)).task.labels == ("3", "9", "10")


def test_whole_numbers_with_a_gap_stay_whole_numbers(table, tmp_path):
    table["species"] = [float(index % 2) for index in range(20)]
    table.loc[0, "species"] = np.nan
    assert open_dataset(write(table, tmp_path, "labels.parquet")).task.labels == ("0", "1")


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            lambda t: t.drop(columns="species"),
            {},
            r"no column of labels was recognised. Its columns are: file, weight, site",
        ),
        (
            lambda t: t.drop(columns="file"),
            {},
            r"no column of picture files was recognised. Its columns are: species, we",
        ),
        (
            lambda t: t,
            {"label": "kind"},
            r"has no column 'kind' for labels. Its columns are: file, species, weight, site",
        ),
        (lambda t: t, {"group": "owner"}, r"has no column 'owner' for groups. Its columns are"),
        (lambda t: t, {"label": "file"}, r"column 'file' cannot hold both"),
        (
            lambda t: t,
            {"label": "weight"},
            r"look like measurements \(20 different numbers such as 1.5, .*\): that is regress",
        ),
        (lambda t: t.head(0), {}, r"the table has no rows"),
        (lambda t: t[t["species"] == "ant"], {}, r"only one class was found, 'ant'"),
    ],
)
def test_tables_that_cannot_be_used_say_why(table, tmp_path, change, options, message):
    with pytest.raises(DataError, match=message):
        open_dataset(write(change(table), tmp_path), options=ReadOptions(**options))


@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet"])
def test_a_column_of_measurements_is_taken_for_classes_only_where_it_is_asked_for(table, tmp_path, name):
    table = pd.concat([table] * 3, ignore_index=True)
    for values in (
        [round(1.5 ** (index % 30)) * 100 + index % 30 for index in range(60)],
        [7.25 + i % 30 for i in range(60)],
    ):
        path = write(table.assign(species=values), tmp_path, name)
        with pytest.raises(
            DataError, match=r"look like measurements \(30 .* say that each number is a class with --num"
        ):
            open_dataset(path)
        assert len(open_dataset(path, options=ReadOptions(numeric_classes=True)).task.labels) > 15


def test_many_numbers_without_gaps_are_classes_and_that_is_said(table, tmp_path):
    table = pd.concat([table] * 3, ignore_index=True).assign(species=[index % 30 for index in range(60)])
    data = open_dataset(write(table, tmp_path))
    assert decisions(data)["classes"].chosen == "30 whole numbers from 0 to 29, each a class"


def test_labels_that_are_names_of_the_images(table, tmp_path):
    table = pd.concat([table, table], ignore_index=True).assign(species=[f"photo {index}" for index in range(40)])
    with pytest.raises(DataError, match="40 different labels for 40 images"):
        open_dataset(write(table, tmp_path))


def test_tables_that_are_no_tables(tmp_path):
    (tmp_path / "latin.csv").write_bytes("file;label\nä.png;Käfer\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin.csv is not UTF-8 text .*: save it as UTF-8"):
        open_dataset(tmp_path / "latin.csv")
    (tmp_path / "bad.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(DataError, match=r"bad.parquet cannot be read as a Parquet table"):
        open_dataset(tmp_path / "bad.parquet")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match=r"empty.csv cannot be read as a CSV table"):
        open_dataset(tmp_path / "empty.csv")
