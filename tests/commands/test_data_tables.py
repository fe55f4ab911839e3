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
        "read as a table, because 0 of its first 200 rows name a file of a picture (--task says otherwise)"
        in found.stderr
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
