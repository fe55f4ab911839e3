"""The plan: the metric that was asked for, the first seed, and what makes no sense refused before data is read."""

import pytest

from epochal.core.errors import BudgetError, UserError
from epochal.models import catalogue
from epochal.study.plan import LONGER, plan


def test_accuracy_and_half_a_point_unless_said() -> None:
    made = plan("data", "image-classes", budget="3m")
    assert (made.metric.name, made.margin, made.seeds) == ("accuracy", 0.005, (0, 1, 2))


def test_costs_are_a_metric_whose_margin_follows_from_them() -> None:
    made = plan("data", "image-classes", budget="3m", cost="miss=500 alarm=20 positive=fraud")
    assert made.metric.better == "lower" and made.metric.options == {"miss": 500.0, "alarm": 20.0}
    assert made.positive == "fraud" and made.margin == pytest.approx(0.1)


def test_seeds_begin_where_asked() -> None:
    assert plan("data", "image-classes", budget="3m", seeds=2, seed=7).seeds == (7, 8)


@pytest.mark.parametrize(
    ("asked", "kind", "words"),
    [
        (
            {"metric": "f1"},
            UserError,
            "metric: expected one of accuracy, .*, got f1. For the costs of mistakes use --cost.",
        ),
        ({"metric": "auroc", "cost": "miss=1 alarm=1"}, UserError, "Expected --metric or --cost, got both"),
        ({"cost": "miss=many alarm=1"}, UserError, "many"),
        ({"margin": 0.7}, BudgetError, "margin: expected a fraction from 0 to 0.5"),
        ({"margin": -1.0, "metric": "log-loss"}, BudgetError, "margin: expected 0 or more, got -1"),
        ({"seed": -1}, BudgetError, "seed: expected 0 or more"),
        ({"rungs": ("resnt",)}, UserError, "Did you mean resnet"),
        ({"budget": "2s"}, BudgetError, "too little for"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, object], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        plan("data", "image-classes", **({"budget": "3m"} | asked))  # type: ignore[arg-type]


def test_shares_of_the_budget_come_to_all_of_it() -> None:
    made = plan("data", "image-classes", budget="10m").replace(workers=1)
    finals = made.final * len(made.seeds) * 2
    spent = made.sizing * len(made.rungs) + made.arm * len(made.rungs) + made.rehearsal * 4 + finals
    assert spent == pytest.approx(0.94 * 600)  # and the data curve's 6%


def test_time_that_classical_rungs_leave_keeps_rehearsals_longer() -> None:
    made = plan("data", "table-classes", budget="10m").replace(workers=2)
    equal = made.arm * made.stretch(by_steps=True)
    assert made.network_arm(made.arm * len(made.rungs)) == pytest.approx(equal), "where they leave nothing"
    assert made.rehearsal == pytest.approx(LONGER * made.learning(made.network_arm(0.0)))
    assert equal < made.network_arm(0.0) < made.arm * len(made.rungs) / len(made.networks) * 2


@pytest.mark.parametrize("networks", [("mlp",), ("mlp", "lenet")])
def test_time_that_classical_rungs_leave_keeps_finals_longer(networks: tuple[str, ...]) -> None:
    rungs = ("majority", "nearest-neighbours", "hog-svm", *networks)
    made = plan("data", "image-classes", budget="10m", rungs=rungs).replace(workers=2)
    assert made.rehearsal == 0.0
    assert made.final >= LONGER * made.learning(made.network_arm(0.0)) * (1 - 1e-9)


def test_rungs_of_ones_own_are_climbed_once_wherever_they_are_named() -> None:
    trees, forest = "sklearn.ensemble:ExtraTreesClassifier", "sklearn.ensemble:RandomForestClassifier"
    made = plan("data", "table-classes", budget="10m", rungs=(trees, "mlp", "majority"), theirs=(trees, forest))
    assert made.rungs == ("majority", "mlp", trees, forest)


@pytest.mark.parametrize("kind", ["table-classes", "table-number"])
def test_extras_are_climbed_where_they_are_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "require_library", lambda name: None)
    assert not {"xgboost", "lightgbm", "catboost"} & set(plan("data", kind, budget="10m").rungs)
    made = plan("data", kind, budget="10m", rungs=("catboost", "mlp"), theirs=("lightgbm", "catboost"))
    assert made.rungs == ("mlp", "catboost", "lightgbm")
    with pytest.raises(UserError, match="rungs: lihgtgbm not known. Did you mean lightgbm?"):
        plan("data", kind, rungs=("lihgtgbm",))


def test_a_rung_to_add_is_an_extra_or_a_place() -> None:
    words = "expected the place of your code, .*ExtraTreesClassifier, or one of xgboost, lightgbm, catboost. Rungs of"
    with pytest.raises(UserError, match=f"--rung forest: {words}"):
        plan("data", "table-classes", theirs=("forest",))
    with pytest.raises(UserError, match="--rung lightgbm: expected the place of your code, .*Classifier. Rungs of"):
        plan("data", "image-classes", theirs=("lightgbm",))
