"""`epochal milestone run` on a table of the user's own: it has the options of tables, and its page no pictures."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from epochal.commands.milestone import milestone


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.random((300, 3)), columns=["age", "spent", "visits"])
    frame["churned"] = np.where(frame["age"] > 0.5, "yes", "no")
    frame["town"] = random.choice(["Ulm", "Bonn"], 300)
    frame.to_csv(tmp_path / "customers.csv", index=False)
    return tmp_path / "customers.csv"


def words(page: str) -> str:
    """What a reader sees of a page, without the source of the experiment."""
    for hidden in ("<style.*?</style>", "<svg.*?</svg>", '<details class="fold code">.*?</details>'):
        page = re.sub(hidden, " ", page, flags=re.DOTALL)
    return re.sub("<[^>]+>", " ", page)


def test_a_table_is_read_with_its_own_options(customers: Path, tmp_path: Path) -> None:
    given = ["--label", "churned", "--column", "town=drop", "--seeds", "2", "--out", str(tmp_path)]
    ran = CliRunner().invoke(milestone, ["run", "trees-against-nets", "--data", str(customers), *given])
    assert ran.exit_code == 0, ran.output
    assert "predicts column 'churned': 2 classes" in ran.stderr
    assert "on customers in place of adult" in ran.stdout
    page = words((tmp_path / "trees-against-nets" / "page.html").read_text(encoding="utf-8"))
    assert not re.search("image|picture|photo|pixel", page)
    assert "asks the same question of your own data" in page and "--data DATA" in page


def test_options_of_the_other_kind_are_refused(customers: Path, tmp_path: Path) -> None:
    said = CliRunner().invoke(milestone, ["run", "trees-against-nets", "--data", str(customers), "--size", "8"]).stderr
    assert "--size is of pictures, and these data are read as a table." in said
    said = CliRunner().invoke(milestone, ["run", "dropout", "--time", "filed"]).stderr
    assert "--time is of tables, and these data are read as pictures." in said
