"""`epochal data check` of a table, as it is typed: leaks are named before anything is trained."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from epochal.commands.data import data


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    churned = random.random(400) < 0.3
    frame = pd.DataFrame(
        {
            "customer": [f"C{number:05d}" for number in random.permutation(400)],
            "age": random.integers(18, 80, 400),
            "town": random.choice(["Ulm", "Bonn", "Kiel"], 400),
            "closed": np.where(churned, "Y", "N"),
            "churned": np.where(churned, "yes", "no"),
        }
    )
    frame.to_csv(tmp_path / "customers.csv", index=False)
    return tmp_path / "customers.csv"


def test_ids_and_copies_of_the_label_are_named(customers: Path) -> None:
    found = CliRunner().invoke(data, ["check", str(customers), "--label", "churned"])
    assert found.exit_code == 0
    assert (
        "customers.csv is read as a table, because none of its first 200 rows names a picture. If that is wrong, say "
        "--task image." in found.stderr
    )
    assert found.stdout.startswith("customers: 400 rows, 2 columns (")
    assert "Predicts churned: 2 classes" in found.stdout
    assert "column 'customer' is an id" in found.stdout
    assert "column 'closed'" in found.stdout and "copy of the label" in found.stdout
    assert "Columns that models see: 1 number, 1 category." in found.stdout


def test_a_number_to_predict_is_told_with_its_spread() -> None:
    found = CliRunner().invoke(data, ["check", "diabetes"])
    assert "Predicts progression: a number, from " in found.stdout and "Leaks: none was found." in found.stdout


def test_json_holds_the_whole_report(customers: Path) -> None:
    found = CliRunner().invoke(data, ["check", str(customers), "--label", "churned", "--json"])
    report = json.loads(found.stdout)
    assert report["target"] == "classes" and {leak["kind"] for leak in report["leaks"]} >= {"id", "copy"}
    assert sum(sum(split.values()) for split in report["counts"].values()) == 400


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "32"], "--size is of pictures, and these data are read as a table."),
        (["--column", "age"], "--column: expected NAME=KIND, such as zip=category; got age."),
        (["--task", "image", "--time", "age"], "--time is of tables, and these data are read as pictures."),
    ],
)
def test_options_of_the_other_kind_are_refused(customers: Path, options: list[str], message: str) -> None:
    found = CliRunner().invoke(data, ["check", str(customers), "--label", "churned", *options])
    assert found.exit_code == 2 and message in found.stderr


def test_help_lists_the_options_of_tables_and_of_pictures_apart() -> None:
    shared, rest = CliRunner().invoke(data, ["check", "--help"]).stdout.split("Options of tables:")
    tables, pictures = rest.split("Options of pictures:")
    assert (
        "  PATH\n" not in shared
        and "--label" in shared
        and "--test-fraction" in shared
        and "--json" in shared
        and "--help" in shared
    )
    assert "--day-first / --month-first" in tables and "--label" not in tables
    assert "--size" in pictures and "--max-examples" in pictures and "--size" not in shared


def test_named_tables_are_listed() -> None:
    listed = CliRunner().invoke(data, ["list"]).stdout
    assert "adult                6.0 MB  Table: census income of 1994, 32,561 rows and 16,281 to test" in listed
    assert all(f"\n{name} " in listed for name in ("breast-cancer", "diabetes", "wine"))


def test_month_first_can_be_said(tmp_path: Path) -> None:
    frame = pd.DataFrame({"day": ["03/04/2024", "05.06.2024".replace(".", "/")] * 30, "x": range(60)})
    frame["label"] = ["a", "b", "c"] * 20
    frame.to_csv(tmp_path / "rows.csv", index=False)
    for flag, order in (("--day-first", "day"), ("--month-first", "month")):
        found = CliRunner().invoke(data, ["check", str(tmp_path / "rows.csv"), flag])
        assert f"dates, {order} first: as {flag} says" in found.stdout
