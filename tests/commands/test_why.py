"""`epochal why` says which ingredients carry a result, and refuses what it cannot answer."""

import json
import re

import pytest
import torch

from epochal.cli import main

WORDS = ["why", "digits", "--rung", "mlp", "--ingredients", "normalisation, momentum", "--seeds", "2"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_why_prints_the_table_and_the_sentence(tmp_path, capsys):
    assert main([*WORDS, "--budget", "12s", "--out", str(tmp_path / "run"), "--max-examples", "600"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("mlp on digits: 4 combinations x 2 seeds, ")
    assert re.search(r"^  normalisation +batch_norm +none +[+-]\d+\.\d \[", out, re.MULTILINE)
    assert re.search(r"^  all together +[+-]\d+\.\d \[", out, re.MULTILINE)
    assert "On digits, " in out
    assert "normalisation+momentum" not in err  # the corner is called by its name
    assert "all: seed 1, validation" in err
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["combinations"] == 4
    assert [len(result["score"]["shapley"]), len(result["score"]["interactions"])] == [2, 1]


@pytest.mark.parametrize(
    "words, message",
    [
        (["why"], "Missing argument 'SOURCE'."),
        (
            ["why", "digits", "--rung", "boosted-trees"],
            "got boosted-trees, which is not one. Choose perceptron, mlp",
        ),
        (["why", "digits", "--rung", "oracle"], "rung: oracle not known. The ladder has majority"),
        (["why", "digits", "--rung", "mlp", "--ingredients", "shortcuts"], "ingredients: shortcuts not known of mlp."),
        (["why", "digits", "--budget", "1s"], "budget: 1 s is too little for 220 trainings, of 6 ingredients"),
        (["why", "digits", "--budget", "soon"], "budget: expected a duration such as 90s, 20m or 1h30m"),
        (["why", "digits", "--seeds", "1"], "seeds: expected 2 or more, got 1"),
    ],
)
def test_input_that_cannot_be_used(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == [], "nothing was written"
