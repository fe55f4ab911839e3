"""Which files are which tool's: a file alone, a name with its seeds, a pattern, a mapping."""

from pathlib import Path

import pandas as pd
import pytest

from epochal.core.errors import UserError
from epochal.data.predictions import tools_of


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for name in ("ours.csv", "run1.csv", "run2.csv", "a=b,c.csv", "with,comma.csv"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("given", "tools"),
    [
        (["ours.csv"], {"ours": ["ours.csv"]}),
        (["ours.csv.gz", Path("x/theirs.parquet")], {"ours": ["ours.csv.gz"], "theirs": ["x/theirs.parquet"]}),
        (["theirs=run1.csv,run2.csv"], {"theirs": ["run1.csv", "run2.csv"]}),
        (["theirs=run1.csv", "theirs=run2.csv"], {"theirs": ["run1.csv", "run2.csv"]}),
        (["theirs=run?.csv"], {"theirs": ["run1.csv", "run2.csv"]}),
        (["a=b,c.csv"], {"a=b,c": ["a=b,c.csv"]}),  # there is such a file
        (["x=with,comma.csv"], {"x": ["with,comma.csv"]}),
        ([{"x\n y": "ours.csv"}], {"x y": ["ours.csv"]}),
        ([{"x": "ours.csv", "y": ["run1.csv", "run2.csv"]}], {"x": ["ours.csv"], "y": ["run1.csv", "run2.csv"]}),
    ],
)
def test_tools_and_their_files(given, tools):
    assert tools_of(given) == tools


def test_data_frames_have_the_name_that_a_mapping_gives():
    frame = pd.DataFrame({"id": [1]})
    assert tools_of([{"x": frame}])["x"][0] is frame
    with pytest.raises(UserError, match='got DataFrame. Give it a name: {"ours": ...}.'):
        tools_of([frame])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["=ours.csv"], "Expected the name of a tool and its files; got '=ours.csv'. Write FILE, or NAME=FILE"),
        (["x="], "Expected the name of a tool and its files; got 'x='"),
        (["x=nothing*.csv"], r"Expected files of x that fit nothing\*.csv; there is none. Write FILE"),
        (["a/p.csv", "b/p.csv"], "a/p.csv and b/p.csv would both be 'p'. Name them: FIRST=a/p.csv SECOND=b/p.csv. If "
         "they are seeds of one tool, write p=a/p.csv,b/p.csv."),
    ],
)  # fmt: skip
def test_refusals(given, message):
    with pytest.raises(UserError, match=message):
        tools_of(given)
