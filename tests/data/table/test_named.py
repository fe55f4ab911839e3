"""Named tables: those of scikit-learn, and Adult with its published test rows and checksums."""

import os
from pathlib import Path

import numpy as np
import pytest

from epochal.core.errors import DataError
from epochal.data.published_weights import fetch_named
from epochal.data.table import named
from epochal.data.table.named import fetch_table, named_table
from epochal.data.table.opened import open_table

mirrored = pytest.mark.skipif(
    not os.environ.get("EPOCHAL_MIRROR"), reason="EPOCHAL_MIRROR names no folder with the published data sets"
)


@pytest.mark.parametrize(
    ("name", "rows", "columns", "target", "labels"),
    [
        ("breast-cancer", 569, 30, "classes", ("benign", "malignant")),
        ("wine", 178, 13, "classes", ("class_0", "class_1", "class_2")),
        ("diabetes", 442, 10, "number", ()),
    ],
)
def test_tables_of_scikit_learn(name: str, rows: int, columns: int, target: str, labels: tuple[str, ...]) -> None:
    table = open_table(name)
    assert sum(len(part.rows) for part in table.parts.values()) == rows
    assert table.parts["train"].inputs.shape[1] == columns and table.target == target and table.labels == labels
    assert not any(leak.drop or leak.kind == "strong" for leak in table.leaks)


def test_an_unknown_name() -> None:
    with pytest.raises(DataError, match="no named table 'iris'. The named tables are adult, breast-cancer, dia"):
        named_table("iris")


def test_what_comes_with_scikit_learn_needs_no_download() -> None:
    with pytest.raises(DataError, match="wine comes with scikit-learn: nothing to download. Look at it: epochal data"):
        fetch_named("wine")


def published(folder: Path) -> dict[str, str]:
    row = (
        "39, State-gov, 77516, Bachelors, 13, Never-married, ?, Not-in-family, White, Male, 2174, 0, 40, United-States"
    )
    return {"adult.data": f"{row}, <=50K\n{row}, >50K\n\n", "adult.test": f"|1x3 Cross validator\n{row}, >50K.\n\n"}


def test_adult_as_published_and_from_a_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    (tmp_path / "adult").mkdir()
    for name, text in published(tmp_path).items():
        (tmp_path / "adult" / name).write_text(text)
        file = named.ADULT_TRAIN if name == "adult.data" else named.ADULT_TEST
        file = file.replace(size=len(text), sha256=hashlib.sha256(text.encode()).hexdigest())
        monkeypatch.setattr(named, "ADULT_TRAIN" if name == "adult.data" else "ADULT_TEST", file)
    raw, label = named_table("adult", mirror=tmp_path)
    assert label == "income" and raw.column("income").to_pylist() == ["<=50K", ">50K", ">50K"]
    assert raw.column("occupation").to_pylist() == ["?"] * 3 and raw.column("sex").to_pylist()[0] == "Male"
    assert raw.published is not None and raw.published.tolist() == [0, 0, 2]
    assert fetch_table("adult", mirror=tmp_path) == tmp_path / "adult"
    (tmp_path / "adult" / "adult.data").write_text("other")
    with pytest.raises(DataError, match="is not the published file: .* Replace it in the mirror"):
        named_table("adult", mirror=tmp_path)


@mirrored
def test_the_real_adult() -> None:
    table = open_table("adult")
    sizes = [len(table.parts[name].rows) for name in ("train", "validation", "test")]
    assert sizes[1:] == [6_000, 16_281] and sum(sizes) == 48_842 - 28
    assert table.labels == ("<=50K", ">50K") and len(table.codec.columns) == 14
    assert table.codec.dense(table.parts["test"].inputs).shape == (16_281, table.codec.width)
    assert [leak.kind for leak in table.leaks] == ["repeated"]
    share = np.mean(table.parts["test"].targets)
    assert share == pytest.approx(3_846 / 16_281)
    marks = [decision.what for decision in table.decisions if decision.what.startswith("missing cells")]
    assert marks == [f"missing cells of '{name}'" for name in ("workclass", "occupation", "native-country")]


@mirrored
def test_compas_names_what_was_written_after_the_fact() -> None:
    from epochal.data.table.options import TableOptions

    source = Path(os.environ["EPOCHAL_MIRROR"]) / "compas" / "compas-scores-two-years.csv"
    table = open_table(source, TableOptions(label="two_year_recid"))
    leaks = {(leak.kind, leak.column) for leak in table.leaks}
    assert {("id", "id"), ("missing", "r_charge_degree"), ("strong", "r_offense_date")} <= leaks


@mirrored
def test_ett_says_that_its_rows_follow_time() -> None:
    from epochal.data.table.options import TableOptions

    source = Path(os.environ["EPOCHAL_MIRROR"]) / "ett" / "ETTh1.csv"
    assert [leak.kind for leak in open_table(source, TableOptions(label="OT")).leaks] == ["order"]
    table = open_table(source, TableOptions(label="OT", time="date"))
    assert table.leaks == () and table.target == "number"
    assert table.parts["train"].rows.max() < table.parts["validation"].rows.min()
