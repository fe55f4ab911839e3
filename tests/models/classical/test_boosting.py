"""Boosted trees of other libraries against those libraries, called directly; and what is said without them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from epochal.cli import main
from epochal.core.errors import MissingExtraError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.models.catalogue import MODELS, build
from epochal.models.classical.boosting import held_out_share
from epochal.models.weights import model_files, read_model

LEVELS = (0, 0, 0, 6)
PATIENCE, SEED = 20, 5
NAMES = ("xgboost", "lightgbm", "catboost")
every_library = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def installed(request: pytest.FixtureRequest) -> None:
    """Leaves out what needs a library that is not installed."""
    name = request.node.callspec.params.get("name") if hasattr(request.node, "callspec") else None
    if name:
        pytest.importorskip(MODELS[name].library, reason=f"{name}: pip install 'epochal[boosting]'")


def recipe(name: str, rounds: int = 30, **options: float) -> Recipe:
    return Recipe(model=name, options={"rounds": rounds, **options}, objective="estimate")


def task_of(classes: int, levels: tuple[int, ...] = LEVELS) -> Task:
    labels = tuple(f"class {index}" for index in range(classes))
    shape = (len(levels),)
    return Task(name="t", item="row", input_shape=shape, levels=levels, labels=labels, counts={}, fingerprint="0")


def rows_of(count: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy rows: three numbers, of which a tenth of the second is missing, and a category of six codes."""
    random = np.random.default_rng(2)
    rows = random.normal(0, 1, (count, 4)).astype(np.float32)
    rows[:, 3] = random.integers(0, 6, count)
    worth = rows[:, 0] * rows[:, 2] + np.array([0, 2, -2, 1, -1, 0])[rows[:, 3].astype(int)]
    rows[random.random(count) < 0.1, 1] = np.nan
    worth = worth + random.normal(0, 0.7, count)
    if not classes:
        return rows, ((worth - worth.mean()) / worth.std()).astype(np.float32)
    return rows, np.argsort(np.argsort(worth)) * classes // count


def xgboosts(classes: int, kept: tuple, held: tuple, asked: np.ndarray) -> np.ndarray:
    import pandas
    import xgboost

    def frame(rows: np.ndarray) -> pandas.DataFrame:
        return pandas.DataFrame(rows).astype({3: int}).astype({3: pandas.CategoricalDtype(range(6))})

    kind = xgboost.XGBClassifier if classes else xgboost.XGBRegressor
    peer = kind(
        n_estimators=30, learning_rate=0.1, random_state=SEED, n_jobs=1, enable_categorical=True,
        early_stopping_rounds=PATIENCE,
    )  # fmt: skip
    peer.fit(frame(kept[0]), kept[1], eval_set=[(frame(held[0]), held[1])], verbose=False)
    return peer.predict_proba(frame(asked)) if classes else peer.predict(frame(asked))


def lightgbms(classes: int, kept: tuple, held: tuple, asked: np.ndarray) -> np.ndarray:
    import lightgbm

    kind = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
    peer = kind(
        n_estimators=30, learning_rate=0.1, random_state=SEED, n_jobs=1, verbosity=-1, force_row_wise=True,
        min_data_per_group=len(kept[0]) // 20,
    )  # fmt: skip
    stop = [lightgbm.early_stopping(PATIENCE, verbose=False)]
    peer.fit(*kept, eval_set=[held], categorical_feature=[3], callbacks=stop)
    return peer.booster_.predict(asked)


def catboosts(classes: int, kept: tuple, held: tuple, asked: np.ndarray) -> np.ndarray:
    import catboost
    import pandas

    def frame(rows: np.ndarray) -> pandas.DataFrame:
        return pandas.DataFrame(rows).astype({3: int}).astype({3: str})

    kind = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
    peer = kind(
        n_estimators=30, learning_rate=0.1, random_state=SEED, thread_count=1, verbose=False,
        allow_writing_files=False, early_stopping_rounds=PATIENCE, cat_features=[3],
    )  # fmt: skip
    peer.fit(frame(kept[0]), kept[1], eval_set=(frame(held[0]), held[1]))
    return peer.predict_proba(frame(asked)) if classes else peer.predict(frame(asked))


PEERS = {"xgboost": xgboosts, "lightgbm": lightgbms, "catboost": catboosts}


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")  # which earlier versions need
@every_library
@pytest.mark.parametrize("classes", [2, 4, 0])
def test_answers_as_the_library_by_its_own_wrapper(name: str, classes: int) -> None:
    rows, targets = rows_of(600, classes)
    known, known_targets, asked = rows[:500], targets[:500], rows[500:]
    model = build(recipe(name), task_of(classes))
    model.fit(known, known_targets, seed=SEED)
    share = held_out_share(known_targets, task_of(classes))
    parts = train_test_split(
        known, known_targets, test_size=share, random_state=SEED, stratify=known_targets if classes else None
    )
    expected = PEERS[name](classes, (parts[0], parts[2]), (parts[1], parts[3]), asked)
    outputs = model.outputs(asked)
    if classes:
        chances = np.column_stack([1 - expected, expected]) if expected.ndim == 1 else expected
        np.testing.assert_allclose(np.exp(outputs), chances, atol=1e-5)
        assert (outputs.argmax(axis=1) == targets[500:]).mean() > {2: 0.8, 4: 0.5}[classes]
    else:
        np.testing.assert_allclose(outputs[:, 0], expected, atol=1e-5)


@every_library
def test_stops_when_nothing_is_left_to_learn_and_keeps_the_best_rounds(name: str) -> None:
    rows, targets = rows_of(400, 2)
    model = build(recipe(name, 200), task_of(2))
    model.fit(rows, np.random.default_rng(0).permutation(targets), seed=0)
    assert model.converged
    few = model.parameters_count()
    model.fit(rows, targets, seed=0)
    assert model.parameters_count() > 2 * few
    short = build(recipe(name, 3), task_of(2))
    short.fit(rows, targets, seed=0)
    assert not short.converged


@every_library
def test_levels_of_a_category_are_a_set_and_not_a_scale(name: str) -> None:
    """Every second of 40 levels: no good place to cut as a scale."""
    codes = np.random.default_rng(0).integers(0, 40, 1000)
    rows, targets = codes.astype(np.float32)[:, None], codes % 2
    right = {}
    for levels in ((40,), (0,)):
        model = build(recipe(name, 5), task_of(2, levels))
        model.fit(rows, targets, seed=0)
        right[levels] = (model.outputs(rows).argmax(axis=1) == targets).mean()
    assert right[(40,)] > 0.95
    assert right[(40,)] > right[(0,)]


@every_library
def test_keeps_the_library_s_own_file_and_says_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows, targets = rows_of(300, 2)
    model = build(recipe(name), task_of(2))
    model.fit(rows, targets, seed=0)
    model.outputs(rows)
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")
    files = model_files(model)
    assert list(files) == ["model.safetensors"]  # and no file that could hold code
    begins = {"xgboost": b"{L", "lightgbm": b"tree\n", "catboost": b"CBM1"}[name]
    assert model.arrays()["file"].tobytes().startswith(begins)


@every_library
def test_without_the_library_the_extra_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, targets = rows_of(60, 2)
    model = build(recipe(name, 2), task_of(2))
    model.fit(rows, targets, seed=0)
    for file, content in model_files(model).items():
        (tmp_path / file).write_bytes(content)
    missing_libraries(monkeypatch)
    words = f"The rung {name} needs the library {name}, which is not installed. .* pip install 'epochal\\[boosting\\]'"
    with pytest.raises(MissingExtraError, match=words):
        build(recipe(name), task_of(2))
    with pytest.raises(MissingExtraError, match=words):
        read_model(tmp_path, recipe(name, 2), task_of(2))


def missing_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in NAMES else find(name, *more))


@pytest.mark.parametrize(
    "words",
    [
        ["climb", "no-such.csv", "--rungs", "majority,lightgbm"],
        ["climb", "wine", "--rung", "lightgbm"],
        ["train", "lightgbm", "no-such.csv"],
    ],
)
def test_a_missing_library_is_told_before_the_data_are_read(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    missing_libraries(monkeypatch)
    assert main(words) == 2
    assert "The rung lightgbm needs the library lightgbm, which is not installed. Install it with: pip install " in (
        capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())
