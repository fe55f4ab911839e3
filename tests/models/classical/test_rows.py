"""The contract of the classical rungs of tables: rows with holes and levels, for classes and for numbers."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import roc_auc_score

from epochal.core.errors import BundleError, DataError, UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.kinds.rung import CLASSICAL
from epochal.kinds.table_ladder import TABLE_CLASSES_LADDER, TABLE_NUMBER_LADDER
from epochal.models import weights
from epochal.models.catalogue import MODELS, build, traits
from epochal.models.weights import model_files, read_model

EXTRAS = list(TABLE_CLASSES_LADDER.extras)
SMALL = {"forest": {"trees": 10}, "histogram-trees": {"rounds": 10}} | {name: {"rounds": 10} for name in EXTRAS}
OF_CLASSES = [name for name, rung in TABLE_CLASSES_LADDER.rungs.items() if rung.kind == CLASSICAL] + EXTRAS
OF_NUMBERS = [name for name, rung in TABLE_NUMBER_LADDER.rungs.items() if rung.kind == CLASSICAL] + EXTRAS


def case(name: str, *values: object):
    """A rung to test, which is left out where its library is not installed."""
    missing = name in EXTRAS and find_spec(MODELS[name].library) is None
    reason = f"{name} is not installed: pip install 'epochal[boosting]'"
    return pytest.param(name, *values, marks=pytest.mark.skipif(missing, reason=reason))


classes_rung = pytest.mark.parametrize("name", [case(name) for name in OF_CLASSES])
every_rung = pytest.mark.parametrize(
    ("name", "classes"), [*(case(name, 3) for name in OF_CLASSES), *(case(name, 0) for name in OF_NUMBERS)]
)

Table = tuple[np.ndarray, np.ndarray]


def recipe(name: str) -> Recipe:
    return Recipe(model=name, options=SMALL.get(name, {}), objective="estimate")


def task_of(levels: tuple[int, ...], classes: int, width: int | None = None) -> Task:
    labels = tuple(f"class {index}" for index in range(classes))
    shape = (len(levels) if width is None else width,)
    return Task(name="tiny", item="row", input_shape=shape, levels=levels, labels=labels, counts={}, fingerprint="0")


def table(count: int, classes: int, *, dense: bool, seed: int = 1) -> Table:
    """Rows of two numbers and a category of five codes that decide the class, or the number where there are none.

    At rest a fifth of the first numbers is missing; dense rows have zeros and ones in place of codes, and no holes.
    """
    random = np.random.default_rng(seed)
    numbers = random.normal(0, 1, (count, 2)).astype(np.float32)
    codes = random.integers(0, 5, count)
    worth = 2 * numbers[:, 1] + np.array([0, 3, -3, 1, -1])[codes] + random.normal(0, 0.2, count)
    if classes:
        targets = np.argsort(np.argsort(worth)) * classes // count
    else:
        targets = ((worth - worth.mean()) / worth.std()).astype(np.float32)
    holes = random.random(count) < 0.2
    if dense:
        numbers[holes, 0] = 0
        return np.column_stack([numbers, np.eye(5, dtype=np.float32)[codes]]), targets
    numbers[holes, 0] = np.nan
    return np.column_stack([numbers, codes.astype(np.float32)]), targets


def tiny(name: str, count: int, classes: int, seed: int = 1) -> tuple[Task, np.ndarray, np.ndarray]:
    """A task, its rows as the model takes them, and their targets."""
    dense = traits(recipe(name)).as_tensors
    rows, targets = table(count, classes, dense=dense, seed=seed)
    return task_of((0, 0, 5), classes, 7), rows, targets


def fitted(name: str, task: Task, rows: np.ndarray, targets: np.ndarray, seed: int = 0):
    model = build(recipe(name), task)
    model.fit(rows, targets, seed=seed)
    return model


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("majority", 0.5),
        ("linear", 0.97),
        ("tree", 0.9),
        ("forest", 0.97),
        ("histogram-trees", 0.95),
        *(case(name, 0.95) for name in EXTRAS),
    ],
)
def test_area_under_the_curve_on_held_out_tumours(name: str, least: float):
    data = load_breast_cancer()
    order = np.random.default_rng(0).permutation(len(data.target))
    rows = ((data.data - data.data.mean(axis=0)) / data.data.std(axis=0)).astype(np.float32)[order]
    targets = data.target[order].astype(np.int64)
    model = fitted(name, task_of((0,) * 30, 2), rows[:400], targets[:400])
    scores = model.outputs(rows[400:])
    assert roc_auc_score(targets[400:], scores[:, 1] - scores[:, 0]) >= least


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("mean", -0.05),
        ("linear", 0.38),
        ("tree", 0.2),
        ("forest", 0.35),
        ("histogram-trees", 0.25),
        *(case(name, 0.25) for name in EXTRAS),
    ],
)
def test_share_of_the_variance_on_held_out_patients(name: str, least: float):
    data = load_diabetes()
    order = np.random.default_rng(0).permutation(len(data.target))
    rows = (data.data / data.data.std(axis=0)).astype(np.float32)[order]
    targets = ((data.target - data.target.mean()) / data.target.std()).astype(np.float32)[order]
    model = fitted(name, task_of((0,) * 10, 0), rows[:300], targets[:300])
    errors = model.outputs(rows[300:])[:, 0] - targets[300:]
    assert 1 - (errors**2).mean() / targets[300:].var() >= least


@every_rung
def test_learns_from_numbers_holes_and_levels(name: str, classes: int):
    task, rows, targets = tiny(name, 400, classes)
    model = fitted(name, task, rows[:300], targets[:300])
    outputs = model.outputs(rows[300:])
    assert outputs.shape == (100, task.outputs)
    assert outputs.dtype == np.float32
    assert np.isfinite(outputs).all()
    if classes:
        assert (outputs.argmax(axis=1) == targets[300:]).mean() >= (0.2 if name == "majority" else 0.7)
    else:
        error = ((outputs[:, 0] - targets[300:]) ** 2).mean() / targets[300:].var()
        assert error <= (1.1 if name == "mean" else 0.5)


@every_rung
def test_same_seed_gives_the_same_outputs_and_a_deterministic_rung_ignores_the_seed(name: str, classes: int):
    task, rows, targets = tiny(name, 300, classes)
    first, again, other = (fitted(name, task, rows[:200], targets[:200], seed).outputs(rows) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    if traits(recipe(name)).deterministic:
        np.testing.assert_array_equal(first, other)
    elif name != "tree":  # another seed cuts other folds, and may still choose the same tree
        assert not np.array_equal(first, other)


@every_rung
def test_saved_and_read_it_answers_the_same_bit_for_bit(name: str, classes: int, tmp_path: Path):
    task, rows, targets = tiny(name, 300, classes)
    model = fitted(name, task, rows[:200], targets[:200])
    for file, content in model_files(model).items():
        (tmp_path / file).write_bytes(content)
    again = read_model(tmp_path, recipe(name), task)
    np.testing.assert_array_equal(again.outputs(rows), model.outputs(rows))
    assert again.parameters_count() == model.parameters_count() > 0


def test_a_file_of_boosted_trees_with_a_type_that_is_not_trusted_is_not_opened(tmp_path: Path, monkeypatch):
    task, rows, targets = tiny("histogram-trees", 100, 0)
    for file, content in model_files(fitted("histogram-trees", task, rows, targets)).items():
        (tmp_path / file).write_bytes(content)
    monkeypatch.setattr(weights, "TRUSTED", ())
    with pytest.raises(BundleError, match=r"holds types that no rung is made of: .*check_array"):
        read_model(tmp_path, recipe("histogram-trees"), task)


@classes_rung
@pytest.mark.parametrize("classes", [1, 2, 3])
def test_classes_without_an_example_are_never_predicted(name: str, classes: int, tmp_path: Path):
    _, rows, targets = tiny(name, 120, classes)
    targets = targets * 2 + 1  # of seven classes, 1, 3 and 5 are seen
    task = task_of((0, 0, 5), 7, 7)
    model = fitted(name, task, rows, targets)
    logits = model.outputs(rows)
    assert logits.shape == (120, 7)
    assert np.isfinite(logits).all()
    assert set(logits.argmax(axis=1)) <= set(targets)
    for file, content in model_files(model).items():
        (tmp_path / file).write_bytes(content)
    np.testing.assert_array_equal(read_model(tmp_path, recipe(name), task).outputs(rows), logits)


@every_rung
def test_one_column_any_batch_and_none(name: str, classes: int):
    _, rows, targets = tiny(name, 200, classes)
    task, rows = task_of((0,), classes), rows[:, 1:2]
    model = fitted(name, task, rows, targets)
    outputs = model.outputs(rows)
    assert model.outputs(rows[:0]).shape == (0, task.outputs)
    alone = np.concatenate([model.outputs(rows[index : index + 1]) for index in range(3)])
    np.testing.assert_allclose(alone, outputs[:3], rtol=1e-5, atol=1e-5)


@every_rung
@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_a_handful_of_rows(name: str, classes: int, count: int):
    task, rows, targets = tiny(name, 200, classes)
    model = fitted(name, task, rows[:count], targets[:count])
    assert np.isfinite(model.outputs(rows)).all()


@every_rung
def test_rows_that_are_all_alike_and_columns_without_a_number(name: str, classes: int):
    task, rows, targets = tiny(name, 60, classes)
    rows = np.tile(rows[:1], (60, 1))
    if not traits(recipe(name)).as_tensors:
        rows[:, 0] = np.nan
    model = fitted(name, task, rows, targets)
    assert np.isfinite(model.outputs(rows)).all()


@pytest.mark.parametrize("classes", [3, 0])
def test_boosted_trees_bear_a_column_with_hardly_a_number(classes: int, tmp_path: Path):
    """The only number of the column may be among the rows that are held out."""
    task, rows, targets = tiny("histogram-trees", 200, classes)
    for place in range(0, 200, 20):
        rows[:, 0] = np.nan
        rows[place, 0] = 1
        model = fitted("histogram-trees", task, rows, targets)
    for file, content in model_files(model).items():
        (tmp_path / file).write_bytes(content)
    again = read_model(tmp_path, recipe("histogram-trees"), task)
    np.testing.assert_array_equal(again.outputs(rows), model.outputs(rows))


@pytest.mark.parametrize("classes", [3, 0])
@pytest.mark.parametrize("name", ["tree", "forest", "histogram-trees", *map(case, EXTRAS)])
def test_what_training_never_saw_is_answered(name: str, classes: int):
    """A hole in a column that had none, a level without an example, and numbers beyond all others."""
    task, rows, targets = tiny(name, 200, classes)
    rows[:, 2] %= 3
    model = fitted(name, task, rows, targets)
    strange = np.array([[0, np.nan, 4], [3e38, -3e38, 3], [np.nan, np.nan, 0]], np.float32)
    assert np.isfinite(model.outputs(strange)).all()


@every_rung
def test_refuses_what_does_not_belong_to_the_task(name: str, classes: int):
    task, rows, targets = tiny(name, 30, classes)
    model = build(recipe(name), task)
    assert model.parameters_count() == 0
    with pytest.raises(UserError, match=r"has not been fitted: call fit\(inputs, targets, seed=...\) first"):
        model.outputs(rows)
    with pytest.raises(UserError, match="has not been fitted"):
        model.arrays()
    with pytest.raises(DataError, match="at least one training row, got none"):
        model.fit(rows[:0], targets[:0], seed=0)
    with pytest.raises(DataError, match="one target for each of 30 rows, got targets of shape"):
        model.fit(rows, targets[:5], seed=0)
    if classes:
        with pytest.raises(DataError, match=r"targets from 0 to 2 .* got 1 to 3"):
            model.fit(rows, targets + 1, seed=0)
    else:
        targets[4] = np.nan
        with pytest.raises(DataError, match=r"finite number as the target of each row, got 1 of 30 that are none"):
            model.fit(rows, targets, seed=0)
    if name not in ("majority", "mean"):  # which never look at an input
        width = rows.shape[1]
        with pytest.raises(DataError, match=rf"Expected float32 rows of shape \[batch, {width}\], got float64"):
            model.fit(rows.astype(np.float64), targets, seed=0)
        with pytest.raises(DataError, match=rf"got float32 of shape \[30, {width - 1}\]"):
            model.fit(rows[:, 1:], targets, seed=0)
