"""`epochal compare` on real files: the table, the sentences, JSON, refusals, and no torch."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from epochal.cli import main
from epochal.study.comparison import Comparison

HEAVY = ("torch", "sklearn", "matplotlib")
SAY = "import sys; from epochal.cli import main; print(main({0!r}), *[name for name in {1!r} if name in sys.modules])"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Digits and diabetes: their truths, and predictions of scikit-learn's models in every format."""
    folder = tmp_path_factory.mktemp("predictions")
    images, digits = load_digits(return_X_y=True)
    ids = [f"digit-{place:04d}" for place in range(len(digits))]
    test = np.arange(len(digits)) >= 900
    truth = pd.DataFrame({"id": ids, "digit": digits})[test]
    truth.sample(frac=1, random_state=0).to_csv(folder / "truth.csv", index=False)

    def save(model):
        model.fit(images[~test] / 16, digits[~test])
        return pd.DataFrame(model.predict_proba(images[test] / 16), columns=[f"p({one})" for one in model.classes_])

    logistic = save(LogisticRegression(max_iter=200)).assign(id=truth["id"].tolist())
    logistic.to_csv(folder / "logistic.csv", index=False, sep=";", decimal=",")
    bayes = save(GaussianNB(var_smoothing=0.1)).set_axis([str(one) for one in range(10)], axis=1)
    bayes.assign(id=truth["id"].tolist()).iloc[::-1].to_json(folder / "bayes.jsonl", orient="records", lines=True)
    for seed in range(3):
        tree = DecisionTreeClassifier(max_features=8, random_state=seed).fit(images[~test], digits[~test])
        labels = pd.DataFrame({"id": truth["id"], "prediction": tree.predict(images[test])})
        labels.to_parquet(folder / f"tree{seed}.parquet", index=False)
    inputs, progress = load_diabetes(return_X_y=True)
    pd.DataFrame({"patient": range(200, 442), "progress": progress[200:]}).to_csv(folder / "progress.csv", index=False)
    for name, model in (("line", LinearRegression()), ("stump", DecisionTreeRegressor(max_depth=2, random_state=0))):
        answers = model.fit(inputs[:200], progress[:200]).predict(inputs[200:])
        pd.DataFrame({"patient": range(200, 442), "prediction": answers}).to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_tools_of_every_format_on_the_same_digits(capsys):
    assert main(["compare", "truth.csv", "logistic.csv", "bayes.jsonl", "tree=tree?.parquet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "logistic is better than every other tool by accuracy."
    assert lines[2].split() == ["tier", "tool", "accuracy", "seeds", "items"]
    rows = [line.split() for line in lines[3:8] if line]
    assert [(row[0], row[1], row[-2], row[-1]) for row in rows] == [
        ("1", "logistic", "1", "897"),
        ("2", "bayes", "1", "897"),
        ("3", "tree", "3", "897"),
    ]
    assert "Read: probabilities in 10 columns of logistic and bayes; labels in column 'prediction' of tree." in lines
    assert (
        "Note: logistic and bayes have one file only, so intervals do not include what another seed would change there."
        in lines
    )


def test_numbers_by_a_metric_of_errors(capsys):
    assert main(["compare", "progress.csv", "line.csv", "stump.csv", "--id", "patient", "--metric", "mae"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "line is better than stump by mean absolute error."
    assert "difference -" in lines[7]
    assert lines[9] == "Read: numbers in column 'prediction' of line and stump."
    assert lines[10].startswith("Margin: 0.")
    assert len(lines) == 11


def test_json_is_the_record(capsys):
    words = ["compare", "truth.csv", "logistic.csv", "bayes.jsonl", "--metric", "log-loss"]
    assert main([*words, "--json"]) == 0
    found = Comparison.from_dict(json.loads(capsys.readouterr().out))
    assert [one.name for one in found.tools] == ["logistic", "bayes"]
    assert main(words) == 0
    assert capsys.readouterr().out == found.to_text() + "\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["truth.csv", "line.csv"], "Expected a column of ids that truth.csv and every file of predictions have"),
        (
            ["truth.csv", "tree=tree?.parquet", "--metric", "auroc"],
            "expected probabilities of every tool; tree gave labels",
        ),
        (["truth.csv", "none.csv"], "none.csv: there is no such file."),
        (["truth.csv", "logistic.csv", "--cost", "cheap"], "Expected costs as name=number; got 'cheap'."),
    ],
)
def test_refusals_are_one_line_and_the_code_is_two(words, message, capsys):
    assert main(["compare", *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1
    assert message in err


def test_help_says_how_tools_and_seeds_are_written(capsys):
    assert main(["compare", "--help"]) == 0
    out = capsys.readouterr().out
    assert "theirs=run1.csv,run2.csv    one tool, theirs; each file is one of its seeds" in out
    assert "never by their order" in " ".join(out.split())


def test_it_never_imports_torch():
    words = ["compare", "truth.csv", "logistic.csv", "bayes.jsonl", "tree=tree?.parquet"]
    done = subprocess.run([sys.executable, "-c", SAY.format(words, HEAVY)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0"
