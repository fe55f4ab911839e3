"""Climbs of tables: from a file to the answers of a bundle, with what is in a table and what is not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import epochal
from epochal.core.errors import DataError, RunDirectoryError, UserError
from epochal.data.table.options import TableOptions
from epochal.report.table import plain_table
from epochal.ship.pretrained import open_weights
from epochal.study.reopen import reopen

FEW = ("majority", "linear", "histogram-trees", "mlp")


def customers(count=400, seed=0):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "customer": [f"C{10_000 + k}" for k in range(count)],
            "age": draw.integers(18, 80, count),
            "plan": draw.choice(["basic", "plus", None], count, p=[0.5, 0.4, 0.1]),
            "joined": pd.to_datetime("2020-01-01") + pd.to_timedelta(draw.integers(0, 1500, count), unit="D"),
        }
    )
    likely = (frame["age"] < 40) ^ (frame["plan"] == "plus")
    frame["churned"] = np.where(draw.random(count) < np.where(likely, 0.9, 0.1), "yes", "no")
    return frame


@pytest.fixture(scope="module")
def climbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    customers().to_csv(folder / "customers.csv", index=False)
    said = []
    options = TableOptions(label="churned")
    asked = {"options": options, "budget": "18s", "seeds": 3, "rungs": FEW, "out": folder / "run"}
    found = epochal.climb(folder / "customers.csv", progress=said.append, **asked)
    return found, said


def test_a_table_climbs_and_the_better_rungs_are_told(climbed):
    found, said = climbed
    result = found.result
    assert result.complete and result.task.kind == "table-classes" and result.task.item == "row"
    scores = {one.name: one.last.validation.mean for one in result.rungs}
    assert scores["histogram-trees"] > 0.8 > 0.7 > scores["majority"]
    assert any(line.startswith("leak: column 'customer'") for line in said)
    assert {one.part for one in result.importance} == {"age", "plan", "joined"}
    first, second = result.importance[:2]
    assert {first.part, second.part} == {"age", "plan"} and second.loss.low > 0
    assert result.learned and result.headline.startswith("Recommended: ")


def test_its_bundle_answers_rows_in_any_order_of_columns(climbed, tmp_path):
    bundle = epochal.Bundle.open(climbed[0].directory / "bundle")
    new = customers(50, seed=1)
    before = bundle.predict(new).to_frame()
    after = bundle.predict(new[["churned", "joined", "plan", "age"]]).to_frame()
    assert before["label"].tolist() == after["label"].tolist()
    assert (before["label"] == new["churned"]).mean() > 0.75
    assert epochal.evaluate(bundle, new).difference is not None
    with pytest.raises(DataError, match="1 of the 3 columns that the model learned from is not in these rows: 'plan'"):
        bundle.predict(new.drop(columns="plan"))


def test_its_page_speaks_of_rows(climbed):
    page = climbed[0].report.read_text().split("<body", 1)[1]
    assert "training rows" in page and "image" not in page.replace("data:image", "")


def test_machine_learning_is_set_against_deep_learning(tmp_path):
    rungs = ("linear", "histogram-trees", "mlp")
    asked = {"options": TableOptions(label="churned"), "budget": "36s", "seeds": 2, "rungs": rungs}
    climbed = epochal.climb(customers(1200), hand_made=["plan"], out=tmp_path / "run", **asked)
    found = climbed.result.rivals
    assert found.hand_made == ("plan",) and found.sizes[-1] == climbed.result.task.counts["train"]
    assert found.deep.rung == "mlp" and found.classical.rung == "histogram-trees"
    assert found.better == found.ordered[0].rung
    for side in (found.classical, found.deep):
        assert side.seconds > 0 and side.withheld.low < side.withheld.mean < side.withheld.high
        assert 0 < side.repeated.low < side.repeated.high < 1
        scored = next(one for one in climbed.result.rungs if one.name == side.rung).last.validation.mean
        assert side.score == pytest.approx(scored)
    assert found.classical.withheld.mean > 0.05  # half of the reason lies in this column
    page = climbed.report.read_text()
    assert "Machine learning against deep learning" in page and "What it loses without plan, in points." in page


def test_labels_without_a_reason_are_nothing_to_learn(tmp_path):
    frame = customers(300)
    frame["churned"] = np.random.default_rng(3).permutation(["yes", "no"] * 150)
    options = TableOptions(label="churned")
    result = epochal.climb(frame, options=options, budget="14s", seeds=2, rungs=FEW, out=tmp_path / "run").result
    assert result.headline == (
        "Nothing to learn was found: no rung is shown to be better than Majority class, which does not look at the "
        "rows. Nothing is recommended."
    )
    held = next(one.title for one in result.rungs if one.name == result.chosen)
    assert result.verdict.endswith(f" Nothing is recommended; the bundle holds {held}.") and not result.learned
    assert "recommended" not in plain_table(result) and "bundled" in plain_table(result)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Recommended:" not in page and f"<dd>Nothing <small>the bundle holds {held}" in page


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"metric": "f1"}, "metric: expected one of accuracy, .*, got f1"),
        ({"rungs": ("lenet",)}, "rungs: lenet not known"),
        ({"pretrained": "resnet18-weights"}, "no rung of this ladder begins with the weights of others"),
        ({"theirs": ("no.module:Class",)}, "no.module cannot be imported"),
        ({"theirs": ("forest",)}, "--rung forest: expected the place of your code, .* are chosen with --rungs"),
        (
            {"hand_made": ("colour",), "budget": "60s", "options": TableOptions(label="churned")},
            "--hand-made: colour not known",
        ),
        ({"metric": "mae", "budget": "2s"}, "budget: 2 s is too little"),
    ],
)
def test_what_a_table_has_not_is_refused_before_it_is_read(tmp_path, asked, message):
    with pytest.raises(UserError, match=message):
        epochal.climb(customers(60), out=tmp_path / "run", **{"budget": "20s"} | asked)
    assert not (tmp_path / "run").exists()


def test_each_rung_of_ones_own_that_fails_has_a_trace_of_its_own(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\n"
        + "".join(
            f"class {name}(GaussianNB):\n    def fit(self, inputs, targets):\n        raise ValueError('{name} fell')\n"
            for name in ("First", "Second")
        )
    )
    told: list[str] = []
    epochal.climb(
        customers(100), options=TableOptions(label="churned"), budget="8s", seeds=2, rungs=("majority",),
        out=tmp_path / "run", theirs=[f"{tmp_path / 'mine.py'}:{name}" for name in ("First", "Second")],
        progress=told.append,
    )  # fmt: skip
    traces = [line.rpartition("(where: ")[2][:-1] for line in told if "failed, and is left out" in line]
    for name, trace in zip(("First", "Second"), traces, strict=True):
        assert f"ValueError: {name} fell" in Path(trace).read_text()
    assert "finals: none, since no rung needs a longer training." in told
    assert any(line.startswith("qualifying/majority: seed 0, validation accuracy") for line in told)
    with pytest.raises(UserError, match="has another budget"):
        epochal.climb(customers(100), budget="9s", out=tmp_path / "run", resume=True)


def test_a_rung_of_ones_own_climbs_and_ships(tmp_path):
    frame = customers(300)
    found = epochal.climb(
        frame, options=TableOptions(label="churned"), budget="8s", seeds=2, rungs=("majority",), out=tmp_path / "run",
        theirs=("sklearn.ensemble:ExtraTreesClassifier",),
    )  # fmt: skip
    assert found.result.chosen == "sklearn.ensemble:ExtraTreesClassifier"
    with pytest.raises(epochal.BundleError, match="code that its maker brought .* say so with --trust"):
        epochal.Bundle.open(tmp_path / "run" / "bundle")
    opened = epochal.Bundle.open(tmp_path / "run" / "bundle", trust=True)
    assert (opened.predict(frame).to_frame()["label"] == frame["churned"]).mean() > 0.8
    with pytest.raises(epochal.BundleError, match="say so with --trust .in Python trust=True."):
        epochal.evaluate(tmp_path / "run" / "bundle", frame)
    trusted = epochal.evaluate(tmp_path / "run" / "bundle", frame, trust=True)
    assert trusted.to_dict() == epochal.evaluate(opened, frame).to_dict()
    with pytest.raises(UserError, match="is of code that its maker brought, and a training can begin with a residual"):
        open_weights(tmp_path / "run")
    assert epochal.refit(tmp_path / "run", source=frame).bundle.predict(frame).to_frame().shape[0] == 300


def test_boosted_trees_of_other_libraries_climb_and_ship(tmp_path):
    names = ("xgboost", "lightgbm", "catboost")
    for name in names:
        pytest.importorskip(name, reason="pip install 'epochal[boosting]'")
    frame = customers(300)
    found = epochal.climb(
        frame, options=TableOptions(label="churned"), budget="16s", seeds=2, rungs=("majority",), theirs=names,
        out=tmp_path / "run",
    )  # fmt: skip
    stages = {one.name: one.last for one in found.result.rungs}
    assert list(stages) == ["majority", *names]
    assert all(stages[name].validation.mean > 0.75 > stages["majority"].validation.mean for name in names)
    seen = {stages[name].budget.examples for name in names}
    assert seen == {found.result.task.counts["train"]}  # a small budget cuts rounds, and not examples
    assert found.result.chosen in names
    opened = epochal.Bundle.open(tmp_path / "run" / "bundle")  # without trust: it is no code of the user's
    assert (opened.predict(frame).to_frame()["label"] == frame["churned"]).mean() > 0.8


def test_the_code_of_a_rung_is_that_of_the_beginning(tmp_path, monkeypatch):
    """Named in one folder, resumed, repeated and opened in another one; told when it is another code, or gone."""
    mine, frame = tmp_path / "mine.py", customers(200)
    mine.write_text(
        "from sklearn.tree import DecisionTreeClassifier\n\nclass Mine(DecisionTreeClassifier):\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    asked = {"options": TableOptions(label="churned"), "budget": "8s", "seeds": 2}
    epochal.climb(frame, rungs=("mine.py:Mine", "majority"), out="run", **asked)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run, bundle = tmp_path / "run", tmp_path / "run" / "bundle"
    again = epochal.climb(frame, out=run, resume=True).result
    assert [one.name for one in again.rungs] == ["majority", f"{mine}:Mine"]
    epochal.Bundle.open(bundle, trust=True)
    mine.write_text(mine.read_text() + "# another\n")
    with pytest.raises(RunDirectoryError, match=r"The code of .*mine.py:Mine has changed since the run"):
        epochal.climb(frame, out=run, resume=True)
    with pytest.raises(RunDirectoryError, match=r"The code of .*mine.py:Mine has changed since the run"):
        epochal.climb(frame, repeat=run, rungs=(f"{mine}:Mine", "majority"), out=tmp_path / "repeated", **asked)
    with pytest.raises(RunDirectoryError, match=r"The code of .*mine.py:Mine has changed since the run"):
        epochal.refit(run, source=frame)
    with pytest.raises(epochal.BundleError, match="was trained with another .*mine.py:Mine: its sha256 was"):
        epochal.Bundle.open(bundle, trust=True)
    mine.unlink()
    with pytest.raises(epochal.BundleError, match="and there is no file .*mine.py. Put back the code"):
        epochal.Bundle.open(bundle, trust=True)
    (run / "report.html").unlink()
    assert "Mine" in reopen(run).report.read_text()


def test_a_climb_goes_by_the_weights_of_the_rows(tmp_path):
    """Of two answers to each customer, the one that weighs more is the truth. Each counted once, any model is right
    half the time."""

    def young(count, seed):
        frame = customers(count, seed)
        return frame.assign(churned=np.where(frame["age"] < 48, "yes", "no"))

    frame = young(200, 0)
    turned = frame.assign(churned=np.where(frame["churned"] == "yes", "no", "yes"))
    both = pd.concat([frame.assign(sampling=9.0), turned.assign(sampling=1.0)], ignore_index=True)
    options = TableOptions(label="churned", weights="sampling", duplicates=False)
    neighbours = "sklearn.neighbors:KNeighborsClassifier"
    asked = {"options": options, "budget": "8s", "seeds": 2, "rungs": ("majority", "linear")}
    found = epochal.climb(both, theirs=(neighbours,), out=tmp_path / "run", **asked)
    result = found.result
    scores = {one.name: one.last.validation for one in result.rungs}
    assert scores["linear"].low > 0.7 and result.chosen == "linear"
    assert any(note.startswith("Learning and all scores weigh each row by its weight; ") for note in result.notes)
    assert sum(note.startswith("KNeighborsClassifier cannot weigh its examples") for note in result.notes) == 1
    assert "sampling" not in {one.part for one in result.importance}
    again = epochal.evaluate(found.directory / "bundle", young(200, 2).assign(sampling=2.0))
    assert again.promise is not None and again["accuracy"].value > 0.7
