"""Attribution on the digits: what helps is found, what does nothing is warned about, and nothing finished is lost."""

import json
from pathlib import Path

import pytest
import torch

from epochal.core.errors import BudgetError, RunDirectoryError, UserError
from epochal.core.experiment import BETTER, EQUIVALENT
from epochal.data.image.opened import open_dataset
from epochal.judge import design
from epochal.kinds.image_ladder import IMAGE_LADDER, RUNGS
from epochal.kinds.table_ladder import TABLE_CLASSES_LADDER
from epochal.study.changes import Change, change
from epochal.study.why import Factor, combine, factors_of, stripped, why
from epochal.study.why_result import WhyResult
from epochal.train.store import open_store


def planted(name: str, **fields: float) -> Change:
    return Change(
        name=name, title=name, paper="none", year=2000, touches=tuple(fields), edit=lambda r: r.replace(**fields)
    )


# Plain gradient descent does not look at its momentum: the planted null.
NOTHING = Factor(
    name="nothing",
    off="none",
    strip=lambda recipe: recipe.replace(optimiser="sgd", momentum=0.0),
    change=planted("nothing", momentum=0.5),
)
# Without it nothing is learned, however fast the machine: the planted help.
LEARNING = Factor(
    name="learning",
    off="none",
    strip=lambda recipe: recipe.replace(learning_rate=1e-7),
    change=planted("learning", learning_rate=0.3),
)
ASKED = {"rung": "mlp", "ingredients": (LEARNING, "normalisation", NOTHING), "budget": "20s", "seeds": 3}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def explained(tmp_path_factory) -> tuple[WhyResult, Path]:
    directory = tmp_path_factory.mktemp("why") / "run"
    open_dataset("digits")  # what is imported for the first time takes seconds of its own
    return why("digits", out=directory, command="epochal why digits", **ASKED), directory


def test_what_helps_is_found_and_what_does_nothing_is_warned_about(explained):
    result = explained[0]
    assert (result.combinations, result.full, result.seeds) == (8, True, 3)
    learning, normalisation, nothing = result.ingredients
    assert (learning.verdict, learning.idle) == (BETTER, False)
    assert result.score.shapley[0].mean > 0.5
    assert (normalisation.name, normalisation.off, normalisation.on) == ("normalisation", "none", "batch_norm")
    assert not normalisation.idle
    assert (nothing.verdict, nothing.idle) == (EQUIVALENT, True)
    assert result.score.shapley[2].interval == (0, 0)
    assert sum(value.mean for value in result.score.shapley) == pytest.approx(result.score.joint.mean)
    assert any(line.startswith("No effect: nothing changed nothing at all.") for line in result.warnings)
    assert result.sentence.startswith("On digits,") and "learning" in result.sentence


def test_the_text_has_every_ingredient(explained):
    result = explained[0]
    text = result.to_text()
    for ingredient in result.ingredients:
        assert f"\n  {ingredient.name} " in text
    assert result.sentence in text
    assert f"8 combinations x 3 seeds, {result.examples:,} examples each" in text
    assert "trained together, as one" in text
    assert "labels [95%]" in text


def test_labels_are_needed_where_an_ingredient_helps(explained):
    result = explained[0]
    assert [each.labels for each in result.fewer] == [136, 271, 542]
    learning, _, nothing = result.needed
    assert learning.share == 1 / 8  # nothing is learned without it
    assert (nothing.share, nothing.interval[1]) == (1, 1)


def test_no_ingredient_is_worth_labels_where_more_of_them_do_not_help(explained):
    result = explained[0]
    flat = result.replace(fewer=tuple(each.replace(score=result.score.every) for each in result.fewer))
    assert flat.needed == ()
    assert "labels [95%]" not in flat.to_text()
    assert "With 136 labels everything together is not shown to do worse than with all" in flat.to_text()


def test_the_result_is_kept_and_the_weights_are_not(explained):
    result, directory = explained
    assert WhyResult.from_json((directory / "result.json").read_text()) == result
    assert not (directory / "runs").exists()
    assert json.loads((directory / "result.json").read_text())["command"] == "epochal why digits"


def test_an_interrupted_attribution_goes_on(tmp_path):
    told: list[str] = []

    def interrupt(line: str) -> None:
        told.append(line)
        if line.startswith("normalisation: seed 1"):
            raise KeyboardInterrupt

    asked = ASKED | {"ingredients": ("normalisation", "momentum"), "budget": "12s", "seeds": 2}
    with pytest.raises(KeyboardInterrupt):
        why("digits", out=tmp_path, progress=interrupt, **asked)
    assert told[-1].startswith("Interrupted. What is finished is kept")
    with open_store(tmp_path) as store:
        before = store.runs()
    assert {"none/seed-0", "none/seed-1"} <= set(before)
    result = why("digits", out=tmp_path, **asked)
    with open_store(tmp_path) as store:
        after = store.runs()
    assert {name: after[name] for name in before} == before  # the seconds are in the records
    assert len(after) == (4 + 3) * 2  # and on three shares of the labels
    assert result.examples == before["none/seed-0"].budget.examples


def test_a_combination_of_which_every_training_diverged_counts_as_one_that_learned_nothing(tmp_path):
    exploding = Factor(
        name="exploding",
        off="none",
        strip=lambda recipe: recipe.replace(learning_rate=0.03),
        change=planted("exploding", learning_rate=1e30),
    )
    asked = ASKED | {"ingredients": (exploding, NOTHING), "budget": "25s", "seeds": 2}
    result = why("digits", out=tmp_path, **asked)
    assert result.diverged >= 4
    assert not result.ingredients[0].idle and result.score.shapley[0].mean < 0
    assert result.ingredients[1].idle


@pytest.mark.parametrize(
    "rung, names",
    [
        ("resnet", "activation normalisation initialisation dropout augmentation shortcuts"),
        ("mlp", "activation normalisation initialisation dropout augmentation momentum"),
        ("vgg", "activation normalisation initialisation dropout augmentation momentum"),
        ("perceptron", "augmentation momentum"),
    ],
)
def test_the_ingredients_of_a_rung(rung, names):
    factors = factors_of(IMAGE_LADDER, rung)
    assert [factor.name for factor in factors] == names.split()
    recipes = combine(stripped(RUNGS[rung].recipe, factors), factors, design.full_factorial(len(factors)))
    assert len({recipe.digest() for recipe in recipes.values()}) == len(recipes) == 2 ** len(factors)


def test_class_weights_are_tried_where_they_are_named():
    assert "class_weights" not in [factor.name for factor in factors_of(IMAGE_LADDER, "mlp")]
    factors = factors_of(IMAGE_LADDER, "mlp", ["normalisation", "class_weights"])
    recipes = combine(stripped(RUNGS["mlp"].recipe, factors), factors, design.full_factorial(2))
    assert {label: recipe.class_weights for label, recipe in recipes.items()} == {
        "none": "none",
        "normalisation": "none",
        "class_weights": "balanced",
        "all": "balanced",
    }
    with pytest.raises(UserError, match="class_weights not known of perceptron"):
        factors_of(IMAGE_LADDER, "perceptron", ["class_weights"])


def test_a_combination_has_what_its_name_says():
    factors = factors_of(IMAGE_LADDER, "resnet")
    recipes = combine(stripped(RUNGS["resnet"].recipe, factors), factors, design.full_factorial(6))
    control = recipes["none"]
    assert control.augment == ()
    assert control.options == {
        "depth": 20, "activation": "sigmoid", "normalisation": "none", "initialisation": "lecun", "dropout": 0.0,
        "shortcuts": "none",
    }  # fmt: skip
    assert recipes["activation+shortcuts"] == change("residual").apply(change("relu").apply(control))
    assert len(control.differs(recipes["all"])) == 6


@pytest.mark.parametrize(
    "asked, error, message",
    [
        ({"rung": "oracle"}, UserError, "rung: oracle not known. The ladder has majority"),
        ({"rung": "zipcode"}, UserError, "rung: zipcode not known. The ladder has majority"),
        ({"rung": "hog-svm"}, UserError, "got hog-svm, which is not one. Choose perceptron, mlp, lenet"),
        ({"ingredients": ("shortcuts",)}, UserError, "shortcuts not known of mlp. It can have activation"),
        ({"ingredients": ("dropout", "dropout")}, UserError, "expected 1 to 6 different ones, got 2"),
        ({"ingredients": ()}, UserError, "expected 1 to 6 different ones, got 0"),
        ({"seeds": 1}, BudgetError, "seeds: expected 2 or more, got 1"),
        ({"margin": 1}, BudgetError, "margin: expected a fraction"),
        ({"budget": "2s", "seeds": 5}, BudgetError, r"2 s is too little for 220 trainings.*Give at least 22s"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(asked, error, message, tmp_path):
    with pytest.raises(error, match=message):
        why("digits", out=tmp_path / "run", **({"rung": "mlp", "budget": "60s"} | asked))
    assert not (tmp_path / "run").exists()


def test_a_budget_that_is_too_little_for_this_speed_tells_the_least(tmp_path):
    asked = {"rung": "vgg", "ingredients": ("activation",), "seeds": 2, "out": tmp_path}
    with pytest.raises(BudgetError, match=r"0.5 s is too little for 4 trainings.*Give at least \d+s"):
        why("digits", budget="0.5s", **asked)


def test_a_directory_of_another_kind_is_left_alone(tmp_path):
    with open_store(tmp_path) as store:
        store.put("settings", {"seeds": 3})
    with pytest.raises(RunDirectoryError, match="holds another kind of run"):
        why("digits", out=tmp_path, **ASKED)
    with open_store(tmp_path) as store:
        assert store.get("settings") == {"seeds": 3}


def test_a_network_of_ones_own_is_the_same_in_every_folder(tmp_path, monkeypatch):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from torch import nn\n\nclass Net(nn.Sequential):\n    def __init__(self, task):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(64, task.outputs))\n"
    )
    monkeypatch.chdir(tmp_path)
    asked = {"ingredients": ("momentum",), "budget": "8s", "seeds": 2, "out": tmp_path / "run"}

    def interrupt(line: str) -> None:
        if line.startswith("none: seed 1"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        why("digits", rung="mine.py:Net", progress=interrupt, **asked)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code = mine.read_text()
    mine.write_text(code + "# another\n")
    with pytest.raises(RunDirectoryError, match="The code of .*mine.py:Net has changed since the run"):
        why("digits", rung="../mine.py:Net", **asked)
    mine.write_text(code)
    told: list[str] = []
    result = why("digits", rung="../mine.py:Net", progress=told.append, **asked)
    assert result.rung == f"{mine}:Net" and any(line.startswith("Resuming ") for line in told)
    assert result.to_text().startswith("Net on digits: ") and " of Net " in result.sentence


def test_rows_have_no_augmentation_to_ask_about():
    names = [factor.name for factor in factors_of(TABLE_CLASSES_LADDER, "mlp")]
    assert names == ["activation", "normalisation", "initialisation", "dropout", "momentum"]
    with pytest.raises(UserError, match="augmentation not known of mlp"):
        factors_of(TABLE_CLASSES_LADDER, "mlp", ("augmentation",))
