"""After the climb: its winner trained again on train and validation together, or the ensemble of its seeds, bundled."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epochal.core.errors import RunDirectoryError, UserError
from epochal.core.paths import absolute
from epochal.core.protocols import Predictor
from epochal.core.run import FINISHED, Run
from epochal.data.dataset import Dataset
from epochal.data.labels import Progress as Loading
from epochal.judge.compare import compare
from epochal.kinds.table import IMAGE_CLASSES, KINDS, kind_of, rung_of
from epochal.models.predictor import EnsemblePredictor
from epochal.models.weights import read_model
from epochal.report.result import ClimbResult
from epochal.ship.bundle import Bundle, as_shipped, write_bundle
from epochal.ship.files import check_place
from epochal.study.choice import scored
from epochal.study.conclude import BUNDLED, without_items
from epochal.study.identity import require_same_code, require_same_data
from epochal.study.refit_result import ENSEMBLE, REFIT, Refitted, fitted_together, with_words
from epochal.study.reopen import read_result
from epochal.study.retrain import Winner, kept_step, train_again
from epochal.study.tested import on_split, predictor_of, shipped
from epochal.train.experiment import same
from epochal.train.store import Store, open_store
from epochal.train.surroundings import set_apart

FOLDERS = {REFIT: "bundle-refit", ENSEMBLE: "bundle-ensemble"}  # in the run directory


@dataclass(frozen=True, kw_only=True)
class Refit:
    """What `refit` made: its result, and the folder of its bundle."""

    result: Refitted
    folder: Path

    @property
    def bundle(self) -> Bundle:
        return Bundle.open(self.folder, trust=True)

    def _repr_html_(self) -> str:
        return self.bundle._repr_html_()


@set_apart()
def refit(
    run: str | os.PathLike[str],
    *,
    ensemble: bool = False,
    source: Any = None,
    out: str | os.PathLike[str] | None = None,
    progress: Callable[[str], None] | None = None,
    loading: Loading | None = None,
) -> Refit:
    """Bundle the winner of a climb once more: trained again on more data, or as the ensemble of its seeds.

    By default it is trained anew on train and validation together. Nothing is chosen again, because nothing is left to
    choose by: it makes as many passes over the data as the climb's training, stops after the same share of them, and
    keeps its calibration. An interrupted refit continues when it is asked for again.

    The new bundle is scored on the test split. The climb's score would be of another model, and say nothing of a
    training that went wrong. The new score is as honest: the test items were not trained on, and recipe, length and
    calibration were fixed before they were opened. It stops being so for whoever makes several bundles and keeps the
    one with the best test score.

    Args:
        run: the directory of a climb that has ended.
        ensemble: the mean of all finished trainings of the winner, in the stage that it was judged by; trains nothing.
        source: where the data is now, if it has moved; the arrays, where it was arrays.
        out: the folder of the bundle; RUN/bundle-refit or RUN/bundle-ensemble unless said.
        progress: called with a line of text now and then.
        loading: called, while the data is decoded, with what is being done, how much is done, of how much.

    Raises:
        UserError: there is no such climb, it has not ended, its data or code is another now, the winner has one
            training only where an ensemble is asked for, or the training diverged.
    """
    watch = progress or (lambda line: None)
    directory, kind = absolute(run), ENSEMBLE if ensemble else REFIT
    climb = ended(directory)
    folder = absolute(out) if out is not None else directory / FOLDERS[kind]
    check_place(folder)
    with open_store(directory) as store:
        kept = store.get(BUNDLED)
        if ensemble:
            require_several(climb, kept["names"])
        reads: Any = KINDS[store.get("kind", IMAGE_CLASSES)].input
        options = reads.options.from_dict(store.get("options"))
        dataset = reads.open(source_of(store, directory, source), options, loading)
        require_same_data(store, dataset)
        require_same_code(store, [climb.chosen])
        winner = Winner(climb=climb, store=store, dataset=dataset, names=tuple(kept["names"]), place=kept["place"])
        result = _ensemble(winner, folder, watch) if ensemble else _refit(winner, folder, watch)
    return Refit(result=result, folder=folder)


def ended(directory: Path) -> ClimbResult:
    """The result of a climb whose choice is made and whose test split has been opened.

    Raises:
        RunDirectoryError: there is no climb, it was interrupted, or nothing came of it.
    """
    climb = read_result(directory)
    if not climb.complete:
        raise RunDirectoryError(
            f"The climb in {directory} was interrupted: it has chosen nothing for good, and its test split is sealed. "
            f"Finish it first: epochal climb SOURCE --resume {directory}"
        )
    if not climb.chosen:
        raise RunDirectoryError(f"The climb in {directory} has no winner: no rung finished its training.")
    return climb


def require_several(climb: ClimbResult, names: list[str]) -> None:
    """
    Raises:
        UserError: one training makes no ensemble.
    """
    if len(names) > 1:
        return
    entry = rung_of(climb.task, climb.chosen)
    why = "is the same with every seed" if entry.traits.deterministic else "has one finished training in this climb"
    raise UserError(
        f"ensemble: {entry.title} {why}, and an ensemble needs two or more. Leave out --ensemble to train it again on "
        "train and validation together."
    )


def source_of(store: Store, directory: Path, given: Any) -> Any:
    """The data of a climb: as given, else where the climb found it.

    Raises:
        RunDirectoryError: it is not there, or was given as arrays.
    """
    if given is not None:
        return given
    kept = store.get("source")
    if kept is None:
        raise RunDirectoryError(
            f"The run in {directory} does not hold its data, which were arrays. Say where they are: --source SOURCE, "
            "or refit(..., source=(inputs, labels))."
        )
    if os.path.isabs(kept) and not os.path.exists(kept):
        raise RunDirectoryError(f"The data of this climb were at {kept}, and are not there. Say where: --source SOURCE")
    return kept


def _refit(winner: Winner, folder: Path, watch: Callable[[str], None]) -> Refitted:
    before, joined = winner.run, winner.dataset.joined()
    calibration = winner.calibrations[winner.place]
    name, run = train_again(winner, joined, watch)
    if run.status != FINISHED:
        raise UserError(f"refit: the training did not succeed. {run.message} The climb's bundle stays as it is.")
    model = read_model(winner.store.folder(name), winner.recipe, joined.task)
    unseen = winner.answers[winner.place]
    result = Refitted(
        kind=REFIT,
        rung=winner.climb.chosen,
        title=winner.title,
        metric=winner.climb.metric,
        seeds=(run.seed,),
        items=len(joined.train),
        items_before=len(winner.dataset.train),
        examples=run.cost.examples,
        examples_before=kept_step(before) * before.cost.examples // before.cost.steps,
        stop=kept_step(before) / before.cost.steps,
        temperature=calibration,
        calibration="carried over from the climb, where it was fitted on the validation split",
        **_on_test(winner, predictor_of(winner.store, name, winner.recipe, winner.dataset), calibration, unseen),
    )
    return _bundle(folder, winner, result, model=model, dataset=joined, runs=(run,))


def _ensemble(winner: Winner, folder: Path, watch: Callable[[str], None]) -> Refitted:
    models = [read_model(winner.store.folder(name), winner.recipe, winner.dataset.task) for name in winner.names]
    watch(f"ensemble: {len(models)} trainings of {winner.title}")
    together = winner.goal.together(winner.answers, winner.calibrations)
    # The mean of calibrated members is less sure than it may be (Rahaman & Thiery 2021, Uncertainty quantification and
    # deep ensembles): four boosted trees on digits had a calibration error of 9.5% without a temperature after it, and
    # of 3.9% with one; log-loss 0.248 and 0.188, and 0.206 where the members had none of their own.
    calibration = winner.goal.calibrate(together, winner.dataset.validation.truth())
    predictor = EnsemblePredictor(
        members=tuple(_predictor(winner, model) for model in models),
        calibrations=winner.calibrations,
        together=winner.goal.together,
    )
    result = Refitted(
        kind=ENSEMBLE,
        rung=winner.climb.chosen,
        title=winner.title,
        metric=winner.climb.metric,
        seeds=tuple(run.seed for run in winner.runs),
        items=len(winner.dataset.train),
        items_before=len(winner.dataset.train),
        examples=winner.run.cost.examples,
        examples_before=winner.run.cost.examples,
        stop=1.0,
        temperature=calibration,
        temperatures=winner.calibrations,
        calibration=fitted_together(winner.goal),
        **_on_test(winner, predictor, calibration, together),
    )
    return _bundle(folder, winner, result, model=models, dataset=winner.dataset, runs=winner.runs)


def _predictor(winner: Winner, model: Any) -> Predictor:
    task = winner.dataset.task
    return kind_of(task).predictor(model, winner.dataset.codec, winner.recipe, task)


def _on_test(winner: Winner, predictor: Predictor, calibration: float, unseen: Any) -> dict[str, Any]:
    """What the test split says of a new bundle, next to the climb's. `unseen` is the answer on validation of models
    that did not learn from it, by which confidence is chosen."""
    goal, dataset, name = winner.goal, winner.dataset, winner.names[winner.place]
    examples = dataset.open_test()
    targets, least = examples.truth(), goal.doubt(examples.truth())
    answer = predictor(examples.inputs)
    alone = on_split(winner.store, name, winner.recipe, dataset, examples, goal)
    single = winner.calibrations[winner.place]
    before, now = goal.items(alone, targets, single)[None], goal.items(answer, targets, calibration)[None]
    return {
        "shipped": shipped(goal, answer, targets, calibration, (unseen, dataset.validation.truth())),
        "single": scored(before, goal.metric, least),
        "finding": compare(
            before,
            now,
            control="the climb's bundle",
            arm="this bundle",
            margin=winner.store.get("settings", {}).get("margin"),
            metric=goal.metric,
            doubt=least,
            identical=same([alone], [answer]) and single == calibration,
        ),
        "confusion": goal.confusion(answer, targets, calibration, dataset.task.classes),
    }


def _bundle(
    folder: Path, winner: Winner, result: Refitted, *, model: Any, dataset: Dataset, runs: tuple[Run, ...]
) -> Refitted:
    result = with_words(result, len(winner.dataset.open_test()), dataset.task)
    write_bundle(
        folder,
        model=model,
        recipe=winner.recipe,
        task=dataset.task,
        codec=dataset.codec,
        calibration=result.temperature,
        calibrations=result.temperatures,
        metric=winner.climb.metric,
        evidence={
            "refit": result,
            "climb": without_items(winner.climb),
            "runs": [as_shipped(run) for run in runs],
        },
    )
    return result
