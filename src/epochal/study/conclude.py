"""The end of a climb: choose on validation, open the test split once, bundle, and write everything down."""

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from epochal.core.experiment import UNDER_TRAINED, Finding
from epochal.core.run import FAILED, FINISHED
from epochal.data.dataset import Examples
from epochal.judge.calibration import apply, fit_temperature
from epochal.judge.metrics import confusion_matrix
from epochal.judge.statistics import score_interval
from epochal.judge.verdict_text import RungSummary, least_told, need_deep_learning, recommend
from epochal.models.catalogue import RUNGS
from epochal.models.weights import read_model
from epochal.ship.bundle import write_bundle
from epochal.study.report import write_report
from epochal.study.result import ClimbResult, RungResult, Score, Stage, WrongExample
from epochal.study.stages import Progress, told_rehearsal
from epochal.train.checkpoint import write_atomically
from epochal.train.experiment import Arm, mean_curve, pair_all
from epochal.train.trainee import make_predictor

WRONG_SHOWN = 12
THUMBNAIL = 96  # pixels


def conclude(
    here: Progress, directory: Path, *, command: str, started: str, complete: bool, environment: dict[str, str]
) -> ClimbResult:
    """Choose; for a complete climb score every rung on the test split; write the bundle, result.json and the report."""
    dataset, targets = here.dataset, here.dataset.validation.targets
    facts: dict[str, Any] = {
        "task": dataset.task,
        "command": command,
        "started": started,
        "seeds": here.plan.seeds,
        "budget_seconds": here.plan.seconds,
        "complete": complete,
        "data": dataset.report.to_dict(),
        "environment": environment,
    }
    arms = {name: arm for name, arm in here.latest().items() if arm.finished}
    if not arms:
        rungs = rung_results(here, {}, None)
        verdict = "No rung finished its training, so there is nothing to choose from; each says why."
        return keep(ClimbResult(**facts, spent_seconds=here.spent, rungs=rungs, verdict=verdict), directory)
    winner = max(arms, key=lambda name: float(arms[name].correct(targets).mean()))
    others = [arm for name, arm in arms.items() if name != winner]
    compared = {f.arm: f for f in pair_all([(arms[winner], arm) for arm in others], targets, here.plan.margin)}
    summaries = [summary(name, arm, targets) for name, arm in arms.items()]
    choice = recommend(summaries, compared, margin=here.plan.margin)
    here.store.put("choice", {"chosen": choice.chosen, "best": choice.best})

    arm = arms[choice.chosen]
    kept = best_seed(arm)
    temperature = fit_temperature(arm.logits[kept], targets)
    test: dict[tuple[str, int], np.ndarray] = {}
    opened: Examples | None = None
    if complete:
        opened = dataset.open_test()
        test = {
            (name, k): answers
            for name, one in here.qualified.items()
            for k, answers in enumerate(
                score_test(here, [one] + ([here.finals[name]] if name in here.finals else []), opened)
            )
        }
    result = ClimbResult(
        **facts,
        spent_seconds=here.spent,
        rungs=rung_results(here, test, opened),
        steps=here.steps,
        finals=tuple(compared[name] for name, arm in here.finals.items() if arm.finished and name in compared),
        winner=choice.best,
        chosen=choice.chosen,
        verdict=choice.sentence,
        more_data=here.curve.sentence
        if here.curve
        else "Not measured: the learning curve over fractions of the data did not run.",
        data_curve=here.curve,
        **(
            on_test(here, arms, choice.chosen, kept, temperature, test, opened)
            if opened
            else on_validation(here, arms, compared, summaries)
        ),
    )
    lost = [
        f"{RUNGS[name].title} failed in its {stage}, and is judged by what it did before. {message}"
        for (stage, name), message in here.failed.items()
        if stage != "qualifying"
    ]
    told = filter(None, (choice.caveat, told_rehearsal(here), *lost))
    result = result.replace(notes=(*told, *result.notes))
    write_bundle(
        directory / "bundle",
        model=read_model(here.store.folder(arm.names[kept]), arm.recipe, dataset.task),
        recipe=arm.recipe,
        task=dataset.task,
        codec=dataset.codec,
        temperature=temperature,
        evidence={"climb": without_pictures(result), "runs": [run.to_dict() for run in arm.runs]},
    )
    here.note_time()
    return keep(result.replace(spent_seconds=here.spent), directory)


def keep(result: ClimbResult, directory: Path) -> ClimbResult:
    write_atomically(directory / "result.json", result.to_json().encode())
    write_report(result, directory / "report.html")
    return result


def without_pictures(result: ClimbResult) -> dict[str, Any]:
    """The evidence that travels in a bundle: everything but the users' images."""
    return result.replace(wrong=()).to_dict()


def best_seed(arm: Arm) -> int:
    """Which of the arm's finished trainings is bundled: the one with the lowest validation loss."""
    losses = [run.scores["validation_loss"] for run in arm.runs if run.status == FINISHED]
    return int(np.argmin(losses))


def score(correct: np.ndarray) -> Score:
    mean, low, high = score_interval(correct)
    return Score(mean=mean, low=low, high=high)


def summary(name: str, arm: Arm, targets: np.ndarray, answers: np.ndarray | None = None) -> RungSummary:
    """What a verdict needs of one rung: on validation, or on the test answers [seeds, items, classes]."""
    logits = arm.logits if answers is None else answers
    found = score(logits.argmax(axis=2) == targets)
    return RungSummary(
        name=name,
        title=RUNGS[name].title,
        deep=RUNGS[name].kind == "network",
        score=found.mean,
        low=found.low,
        high=found.high,
        seconds=float(np.mean([run.cost.seconds for run in arm.runs])),
        under_trained=arm.under_trained,
    )


def score_test(here: Progress, arms: list[Arm], test: Examples) -> list[np.ndarray]:
    """The test logits [seeds, items, classes] of each arm, from its stored weights; kept for a resumed climb."""
    answers = []
    for arm in arms:
        rows = []
        for run, name in zip(arm.runs, arm.names, strict=True):
            if run.status != FINISHED:
                continue
            path = here.store.folder(name) / "test.npy"
            if not path.exists():
                model = read_model(here.store.folder(name), run.recipe, here.dataset.task)
                logits = make_predictor(model, here.dataset.codec)(test.images).logits
                buffer = io.BytesIO()
                np.save(buffer, logits)
                write_atomically(path, buffer.getvalue())
            rows.append(here.store.array(name, "test"))
        answers.append(
            np.stack(rows) if rows else np.zeros((0, len(test.targets), here.dataset.task.classes), np.float32)
        )
    return answers


def rung_results(
    here: Progress, test: dict[tuple[str, int], np.ndarray], opened: Examples | None
) -> tuple[RungResult, ...]:
    """Every rung that was tried, in the order of the ladder."""
    tried = [name for name in here.plan.rungs if name in here.qualified or ("qualifying", name) in here.failed]
    return tuple(rung_result(here, name, test, opened) for name in tried)


def rung_result(
    here: Progress, name: str, test: dict[tuple[str, int], np.ndarray], opened: Examples | None
) -> RungResult:
    rung, targets = RUNGS[name], here.dataset.validation.targets
    arms = [
        (stage, found[name])
        for stage, found in (("qualifying", here.qualified), ("final", here.finals))
        if name in found
    ]
    stages = []
    for number, (stage, arm) in enumerate(arms):
        if not arm.finished:
            continue
        finished = [run for run in arm.runs if run.status == FINISHED]
        stages.append(
            Stage(
                name=stage,
                recipe=arm.recipe,
                budget=arm.budget,
                seeds=len(finished),
                validation=score(arm.correct(targets)),
                test=score(test[name, number].argmax(axis=2) == opened.targets) if opened else None,
                cost=mean_cost(finished),
                curve=mean_curve(arm.runs),
                under_trained=arm.under_trained,
            )
        )
    told = [f"{stage}: {arm.message}" for stage, arm in arms if arm.message]
    told += [f"{stage}: {message}" for (stage, which), message in here.failed.items() if which == name]
    judged = here.latest().get(name)
    return RungResult(
        name=name,
        title=rung.title,
        year=rung.year,
        paper=rung.paper,
        adds=rung.adds,
        kind=rung.kind,
        status=judged.status if judged else FAILED,
        message=" ".join(told),
        trials=arms[0][1].trials if arms else (),
        stages=tuple(stages),
        marks=(UNDER_TRAINED,) if judged and judged.under_trained else (),
    )


def mean_cost(runs: list[Any]) -> Any:
    """The cost of one training: the mean in seconds, and the peak in memory."""
    return runs[0].cost.replace(
        seconds=float(np.mean([run.cost.seconds for run in runs])),
        peak_memory=max(run.cost.peak_memory or 0 for run in runs),
    )


def best_of(summaries: list[RungSummary], deep: bool) -> RungSummary | None:
    return max((s for s in summaries if s.deep == deep), key=lambda s: s.score, default=None)


def on_validation(
    here: Progress, arms: dict[str, Arm], compared: dict[str, Finding], summaries: list[RungSummary]
) -> dict[str, Any]:
    """What an interrupted climb can say: the test split stays sealed, so that it can be resumed."""
    classical, deep = best_of(summaries, False), best_of(summaries, True)
    finding = None
    if classical and deep:
        (finding,) = pair_all(
            [(arms[classical.name], arms[deep.name])], here.dataset.validation.targets, here.plan.margin
        )
    return {
        "need_deep_learning": need_deep_learning(classical, deep, finding),
        "notes": (
            "Interrupted: this is the best so far. The test split is still sealed, and all scores are on validation.",
        ),
    }


def on_test(
    here: Progress,
    arms: dict[str, Arm],
    chosen: str,
    kept: int,
    temperature: float,
    test: dict[tuple[str, int], np.ndarray],
    opened: Examples,
) -> dict[str, Any]:
    """What the test split says, now that nothing depends on it any more."""
    judged = {}
    for name, arm in arms.items():
        answers = test[name, 1 if name in here.finals and here.finals[name].finished else 0]
        judged[name] = replace(arm, logits=answers)
    targets, margin = opened.targets, here.plan.margin
    findings = pair_all([(arm, judged[chosen]) for name, arm in judged.items() if name != chosen], targets, margin)
    # The two families are named by validation, as every choice is; the test split only says how far they are apart.
    on_val = [summary(name, arm, here.dataset.validation.targets) for name, arm in arms.items()]
    classical, deep = best_of(on_val, False), best_of(on_val, True)
    finding = None
    if classical and deep:
        (finding,) = pair_all([(judged[classical.name], judged[deep.name])], targets, margin)
        classical = summary(classical.name, arms[classical.name], targets, judged[classical.name].logits)
        deep = summary(deep.name, arms[deep.name], targets, judged[deep.name].logits)
    logits = apply(judged[chosen].logits[kept], temperature)
    return {
        "on_test": findings,
        "need_deep_learning": need_deep_learning(classical, deep, finding),
        "confusion": tuple(
            tuple(int(n) for n in row)
            for row in confusion_matrix(logits.argmax(axis=1), targets, here.dataset.task.classes)
        ),
        "wrong": wrong_examples(here, opened, logits),
        "notes": (
            "The test split was opened once, after the choice; every rung was then scored on it for this report, and "
            "nothing was chosen by it.",
            *filter(None, (least_told(findings),)),
        ),
    }


def wrong_examples(here: Progress, opened: Examples, logits: np.ndarray) -> tuple[WrongExample, ...]:
    """The test images on which the bundled model was most sure and wrong."""
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    predicted, sure = chances.argmax(axis=1), chances.max(axis=1)
    wrong = np.flatnonzero(predicted != opened.targets)
    wrong = wrong[np.argsort(-sure[wrong])][:WRONG_SHOWN]
    labels = here.dataset.task.labels
    return tuple(
        WrongExample(
            item=opened.items[i],
            truth=labels[opened.targets[i]],
            predicted=labels[predicted[i]],
            confidence=float(sure[i]),
            thumbnail=thumbnail(opened.images[i]),
        )
        for i in wrong
    )


def thumbnail(image: np.ndarray) -> str:
    """A uint8 [channels, height, width] image as the data URI of a small PNG."""
    picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
