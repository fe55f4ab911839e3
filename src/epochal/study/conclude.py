"""The end of a climb: choose on validation, open the test split once, bundle, and write everything down."""

from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.experiment import UNDER_TRAINED
from epochal.core.run import FAILED, FINISHED
from epochal.models.pretrained import without_file
from epochal.models.weights import read_model
from epochal.report.page import write_report
from epochal.report.result import NOT_CLIMBED, ClimbResult, RungResult, Stage
from epochal.ship.bundle import as_shipped, write_bundle
from epochal.study.choice import Choice, choose, finished_names, scored, time_answers
from epochal.study.progress import Progress
from epochal.study.sizing import duration
from epochal.study.stages import fold, rehearsal_sentence
from epochal.study.tested import IMPORTANT, Tested, on_test, on_validation, open_test
from epochal.train.checkpoint import write_atomically
from epochal.train.experiment import Arm, mean_curve
from epochal.train.trainee import cannot_weigh

ANSWERING = ("answering", "test")  # what a trained rung may fail at, and is then withdrawn
BUNDLED = "bundled"  # the decision that names the trainings of the recommended rung, and which of them is bundled


def conclude(
    here: Progress, directory: Path, *, command: str, started: str, complete: bool, environment: dict[str, str]
) -> ClimbResult:
    """Choose; for a complete climb score every rung on the test split; write the bundle, result.json and the report."""
    dataset = here.dataset
    facts: dict[str, Any] = {
        "task": dataset.task,
        "command": command,
        "started": started,
        "seeds": here.plan.seeds,
        "budget_seconds": here.plan.seconds,
        "complete": complete,
        "metric": here.scoring.metric,
        "watched": here.scoring.goal.watched,
        "data": dataset.report.to_dict(),
        "environment": environment,
    }
    choice, tested, fallen = judged(here, complete)
    if choice is None:
        lacking = "can answer" if any(stage in ANSWERING for stage, _ in here.failed) else "finished its training"
        verdict = f"No rung {lacking}, so there is nothing to choose from. Each rung is listed with its reason."
        rungs = rung_results(here, None, None)
        return keep(ClimbResult(**facts, spent_seconds=here.spent, rungs=rungs, verdict=verdict), directory)
    arms = finished(here)
    arm = arms[choice.chosen]
    place = here.scoring.best_seed(arm)
    result = ClimbResult(
        **facts,
        spent_seconds=here.spent,
        rungs=rung_results(here, choice, tested),
        steps=here.steps,
        finals=tuple(choice.compared[name] for name in here.finals if name in choice.compared),
        winner=choice.best,
        chosen=choice.chosen,
        learned=choice.recommendation.learned,
        verdict=choice.recommendation.sentence,
        more_data=here.curve.sentence
        if here.curve
        else "Not measured: the learning curve over fractions of the data did not run.",
        data_curve=here.curve,
        rivals=here.rivals,
        **(on_test(here, arms, choice, place, tested) if tested else on_validation(here, arms, choice)),
    )
    result = result.replace(notes=(*filter(None, (fallen,)), *caveats(here, choice), *result.notes))
    here.store.put(BUNDLED, {"names": finished_names(arm), "place": place})
    write_bundle(
        directory / "bundle",
        model=read_model(here.store.folder(finished_names(arm)[place]), arm.recipe, dataset.task),
        recipe=arm.recipe,
        task=dataset.task,
        codec=dataset.codec,
        calibration=here.scoring.calibrations(arm)[place],
        metric=here.scoring.metric,
        evidence={"climb": without_items(result), "runs": [as_shipped(run) for run in arm.runs]},
    )
    here.note_time()
    return keep(result.replace(spent_seconds=here.spent), directory)


def judged(here: Progress, complete: bool) -> tuple[Choice | None, Tested | None, str]:
    """The choice among the rungs that can answer, None where none can; what they answer on the test split, which is
    opened for a complete climb; and a sentence where the first choice cannot answer there.

    The choice rests on validation alone. Where a rung cannot answer on the test split, the others are chosen from anew,
    also on validation.
    """
    before = len(here.qualified)
    time_answers(here)
    choice, fallen = choice_now(here), ""
    tested: Tested | None = None
    if choice and complete:
        first, tested = choice, open_test(here)
        if first.about.keys() - finished(here).keys():
            choice = choice_now(here)
        fallen = fallen_sentence(here, first, choice)
    if len(here.qualified) < before:
        here.steps = fold(here, list(here.qualified.values()))
    return choice, tested, fallen


def choice_now(here: Progress) -> Choice | None:
    """The choice among the rungs that finished and were not withdrawn."""
    arms = finished(here)
    return choose(here, arms) if arms else None


def fallen_sentence(here: Progress, first: Choice, choice: Choice | None) -> str:
    """That the first choice cannot answer on the test split; empty where it can, or where nothing else is chosen."""
    message = here.failed.get(("test", first.chosen))
    if message is None or choice is None:
        return ""
    return (
        f"{here.rung(first.chosen).title} was chosen on validation, but cannot answer on the test split ({message}). "
        f"{here.rung(choice.chosen).title} is chosen instead, by the same rule and on validation; no score on the test "
        "split was used."
    )


def finished(here: Progress) -> dict[str, Arm]:
    """The rungs of which a training finished, as they did best."""
    return {name: arm for name, arm in here.latest().items() if arm.finished}


def caveats(here: Progress, choice: Choice) -> list[str]:
    """What a reader must know in addition to the verdict."""
    lost = [
        f"{here.rung(name).title} failed in its {stage}, so it is judged by its earlier trainings. {message}"
        for (stage, name), message in here.failed.items()
        if stage in ("rehearsal", "final") and name in here.qualified
    ]
    lost += [
        f"Which parts of the {here.dataset.task.item}s matter is not known: {here.rung(name).title} failed when it was "
        f"asked. {message}"
        for (stage, name), message in here.failed.items()
        if stage == IMPORTANT
    ]
    # Counts of the test split are in the data report, so they are given for an interrupted climb as well.
    dataset = here.dataset
    of_goal = here.scoring.goal.caveats(dataset.task, dataset.train.truth(), dataset.report.counts)
    of_equals = [cannot_weigh(dataset, here.rung(name).recipe, here.rung(name).title) for name in here.qualified]
    said = (
        *of_goal,
        *of_equals,
        choice.recommendation.caveat,
        rehearsal_sentence(here),
        *lost,
    )
    return [text for text in said if text]


def keep(result: ClimbResult, directory: Path) -> ClimbResult:
    write_atomically(directory / "result.json", result.to_json().encode())
    write_report(result, directory / "report.html")
    return result


def without_items(result: ClimbResult) -> dict[str, Any]:
    """The evidence that travels in a bundle: everything but the items that it shows."""
    return result.replace(wrong=()).to_dict()


def rung_results(here: Progress, choice: Choice | None, tested: Tested | None) -> tuple[RungResult, ...]:
    """Every rung that was asked for, in the order of the ladder, those that were not climbed included."""
    return tuple(rung_result(here, name, choice, tested) for name in here.asked.rungs if known(here, name))


def known(here: Progress, name: str) -> bool:
    """Whether a climb that may have been interrupted can say anything of a rung."""
    failed = any((stage, name) in here.failed for stage in ("sizing", "qualifying", *ANSWERING))
    return failed or name in here.qualified or name in here.left_out


def rung_result(here: Progress, name: str, choice: Choice | None, tested: Tested | None) -> RungResult:
    rung, scoring = here.rung(name), here.scoring
    found = [
        (stage, arms[name]) for stage, arms in (("qualifying", here.qualified), ("final", here.finals)) if name in arms
    ]
    judged = here.latest().get(name)
    stages = [
        Stage(
            name=stage,
            recipe=without_file(arm.recipe),
            budget=arm.budget,
            seeds=len(arm.answers),
            validation=scored(scoring.values(arm), scoring.metric, scoring.doubt),
            test=tested.score(scoring, arm) if tested else None,
            cost=mean_cost([run for run in arm.runs if run.status == FINISHED]),
            curve=mean_curve(arm.runs),
            under_trained=arm.under_trained,
        )
        # The stage that is judged comes last: the finals, unless they did worse on validation.
        for stage, arm in sorted(found, key=lambda pair: pair[1] is judged)
        if arm.finished
    ]
    messages = [f"{stage}: {arm.message}" for stage, arm in found if arm.message]
    messages += [f"{stage}: {message}" for (stage, which), message in here.failed.items() if which == name]
    if name in here.left_out:
        messages.append(f"needs a budget of about {duration(here.left_out[name])} here")
    about = choice.about.get(name) if choice else None
    return RungResult(
        name=name,
        title=rung.title,
        year=rung.year,
        paper=rung.paper,
        adds=rung.adds,
        kind=rung.kind,
        status=NOT_CLIMBED if name in here.left_out else judged.status if judged else FAILED,
        message=" ".join(messages),
        member=rung.member(here.rates[name].recipe) if name in here.rates else "",
        needs=here.left_out.get(name),
        tier=about.tier if about else None,
        answer=about.answer if about else None,
        size=about.size if about else None,
        trials=found[0][1].trials if found else (),
        stages=tuple(stages),
        marks=(UNDER_TRAINED,) if judged and judged.under_trained else (),
    )


def mean_cost(runs: list[Any]) -> Any:
    """The cost of one training: the mean in seconds, and the peak in memory."""
    return runs[0].cost.replace(
        seconds=float(np.mean([run.cost.seconds for run in runs])),
        peak_memory=max(run.cost.peak_memory or 0 for run in runs),
    )
