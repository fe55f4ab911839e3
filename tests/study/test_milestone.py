"""Milestones: the verdict of a planted null, harm and help; what is kept; what is refused; and the whole history."""

import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, REFUTED
from epochal.core.errors import BudgetError, RunDirectoryError, UserError
from epochal.core.experiment import EQUIVALENT
from epochal.core.recipe import Recipe
from epochal.kinds.image_ladder import RUNGS
from epochal.study.changes import Change
from epochal.study.history import run_history
from epochal.study.lab import Lab, ask_score, curves, under_trained
from epochal.study.milestone import Measured, Milestone, run_milestone
from epochal.study.results import RESULT, read_result, read_results
from epochal.train.store import open_store

CONTROL = Recipe(
    model="mlp",
    options={"hidden": 32, "activation": "relu", "initialisation": "he"},
    optimiser="sgd",
    learning_rate=0.05,
    schedule="constant",
)
EXAMPLES = 64 * 200


def planted(name: str, **fields: object) -> Milestone:
    """A milestone whose change sets these fields of the recipe."""
    made = Change(
        name=name, title=name, paper="none", year=2000, touches=tuple(fields), edit=lambda r: r.replace(**fields)
    )

    def measure(lab: Lab) -> Measured:
        digits = lab.data("digits")
        arms = lab.train(digits, {"control": CONTROL, name: made.apply(CONTROL)}, examples=EXAMPLES, points=4)
        control, arm = arms.items()
        asked = ask_score("Does it help?", control, arm, digits, size=0.02, margin=0.01)
        return Measured(questions=(asked,), pictures=(curves("Curves", "Mean of the seeds.", arms, control="control"),))

    return Milestone(
        name=name, year=2000, title=name, claim="It helps.", paper="none", published="none", setting="digits",
        differs="planted", minutes=0.1, measure=measure, data="digits",
    )  # fmt: skip


NULL = planted("null", momentum=0.5)  # which plain gradient descent does not look at
HARM = planted("harm", learning_rate=1e-5)
HELP = planted("help", optimiser="momentum")


@pytest.mark.parametrize("milestone, expected", [(NULL, EQUIVALENT), (HARM, REFUTED), (HELP, CONFIRMED)])
def test_planted_effects(milestone: Milestone, expected: str, tmp_path: Path) -> None:
    result = run_milestone(milestone, out=tmp_path)
    assert result.verdict == expected
    (check,) = result.checks
    assert (check.seeds, check.items) == (5, 359)
    assert (check.effect == 0) == (milestone is NULL)
    assert result.sentence.startswith(
        {EQUIVALENT: "No difference", REFUTED: "Refuted", CONFIRMED: "Confirmed"}[expected]
    )
    assert (result.data, result.published_data, result.scale) == ("digits", True, 1.0)
    (picture,) = result.pictures
    assert [series.role for series in picture.series] == ["control", "arm"]
    assert all(low <= y <= high for s in picture.series for low, y, high in zip(s.low, s.y, s.high, strict=True))
    assert read_result(tmp_path / milestone.name) == result
    assert read_results(tmp_path) == {milestone.name: result}


# Learns, a tenth as fast as the control: after the same few examples it is worse, and still learning.
SLOW = planted("slow", learning_rate=0.005)


def test_an_arm_that_was_still_learning_is_not_refuted(tmp_path: Path) -> None:
    result = run_milestone(SLOW, seeds=3, out=tmp_path)
    (check,) = result.checks
    assert check.simultaneous[1] < 0, "the interval alone would have refuted it"
    assert (result.verdict, check.verdict, check.under_trained) == (INCONCLUSIVE, INCONCLUSIVE, "slow")
    assert result.sentence.startswith("Inconclusive, under-trained: slow against control, validation accuracy -")
    assert read_result(tmp_path / "slow") == result


def test_a_claim_names_the_passes_that_it_needs(tmp_path: Path) -> None:
    """A network on its first plateau has a flat curve: only the passes tell that it has not begun to learn."""

    def measure(lab: Lab, needs: float) -> Measured:
        digits = lab.data("digits")
        recipes = {"control": CONTROL, "harm": CONTROL.replace(learning_rate=1e-5)}
        arms = lab.train(digits, recipes, examples=10 * len(digits.train), needs=needs, points=4)
        assert {label: arm.under_trained for label, arm in arms.items() if label == "harm"} == {"harm": needs > 10}
        asked = ask_score("?", *arms.items(), digits, size=0.02, margin=0.01)
        return Measured(questions=(asked,))

    for needs, expected in ((10.0, REFUTED), (30.0, INCONCLUSIVE)):
        result = run_milestone(replace(HARM, measure=partial(measure, needs=needs)), seeds=2, out=tmp_path)
        assert result.verdict == expected
    assert result.notes == (
        "The claim needs 30 passes over 1,079 training images. This run made 10, so its networks count as "
        "under-trained. Give about 3 times the --budget.",
    )


def test_a_run_that_a_budget_shortened_refutes_nothing(tmp_path: Path) -> None:
    result = run_milestone(HARM, scale=0.5, seeds=2, out=tmp_path)
    assert (result.verdict, result.checks[0].under_trained) == (INCONCLUSIVE, "harm")
    (note,) = result.notes
    assert "This run made 5.93, so its networks count as under-trained. Give about 2 times the --budget." in note


@pytest.mark.parametrize("predicted, side", [("more", "b"), ("less", "a"), ("same", "a and b")])
def test_the_side_that_is_predicted_to_be_better_is_the_one_that_is_excused(
    predicted: str, side: str, tmp_path: Path
) -> None:
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0, 1))
        digits = lab.data("digits")
        recipes = {"a": CONTROL, "b": CONTROL.replace(optimiser="momentum")}
        arms = lab.train(digits, recipes, examples=64, points=1)
        nearest = lab.train(digits, {"neighbours": RUNGS["nearest-neighbours"].recipe}, examples=2000, needs=99)
        asked = ask_score("?", *arms.items(), digits, predicted=predicted, size=0.02, margin=0.01)
    assert asked.under_trained == side
    assert under_trained(*nearest.items()) == "", "it fits itself, at once"


def test_a_budget_and_seeds_are_kept_to(tmp_path: Path) -> None:
    result = run_milestone(NULL, budget="3s", seeds=3, out=tmp_path)
    assert (result.scale, result.seeds) == (0.5, (0, 1, 2))
    assert result.pictures[0].series[0].x[-1] == EXAMPLES / 2


class Stopped(KeyboardInterrupt):
    """What a user's Ctrl-C is: a failure before any training keeps nothing."""


def test_an_interrupted_run_goes_on_and_an_ended_one_is_measured_anew(tmp_path: Path) -> None:
    def stop_after_training(lab: Lab) -> Measured:
        NULL.measure(lab)
        raise Stopped

    with pytest.raises(Stopped):
        run_milestone(replace(NULL, measure=stop_after_training), out=tmp_path)
    lines: list[str] = []
    first = run_milestone(NULL, out=tmp_path, progress=lines.append)
    assert any(re.fullmatch(rf"Resuming {tmp_path}/null: 10 trainings are finished, .* spent.", line) for line in lines)
    spent = json.loads((tmp_path / "null" / RESULT).read_text())["seconds"]
    runs = sorted((tmp_path / "null" / "runs").rglob("*.safetensors"))
    times = [path.stat().st_mtime_ns for path in runs]
    assert runs and spent > 0
    again = run_milestone(NULL, out=tmp_path)
    assert [path.stat().st_mtime_ns for path in runs] != times, "the ended one was trained again"
    assert again.checks == first.checks, "and came to the same"


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"seeds": 1}, BudgetError, "got 1: one seed gives no verdict"),
        ({"budget": "soon"}, BudgetError, "duration"),
        ({"budget": "3s", "scale": 1.0}, BudgetError, "expected one of them, got both"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    settings: dict[str, Any], error: type, message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        run_milestone(NULL, out=tmp_path, **settings)


def test_on_the_users_data_a_look_decides_how_long_the_trainings_are(tmp_path: Path) -> None:
    told: list[str] = []
    result = run_milestone(NULL, source="digits", budget="8s", seeds=2, out=tmp_path, progress=told.append)
    assert not result.published_data
    assert told[0] == "Measuring how fast training is on this data ..."
    shorter = r"Each training makes \d+\.\d\d times as many passes as the milestone asks for\."
    assert any(re.fullmatch(shorter, line) for line in told)
    with open_store(tmp_path / "null") as store:
        assert store.get("scale") == result.scale > 0
        (run, *_) = store.runs().values()
    assert run.budget.examples == max(1, round(EXAMPLES * result.scale))


def test_a_budget_that_is_too_little_for_the_users_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BudgetError,
        match=r"too few for this claim on this data: .* less than 2% of the length.*Give a --budget of \d+s or more",
    ):
        run_milestone(NULL, source="digits", budget="0.1s", seeds=2, out=tmp_path)


def test_a_milestone_of_made_data_takes_no_other(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="leave out --data"):
        run_milestone(replace(NULL, data=""), source="digits", out=tmp_path)


def test_a_damaged_result_is_named(tmp_path: Path) -> None:
    (tmp_path / "null").mkdir()
    (tmp_path / "null" / RESULT).write_text("{")
    with pytest.raises(RunDirectoryError, match="Remove it, or run the milestone again"):
        read_result(tmp_path / "null")


def test_the_history_goes_on_past_what_cannot_be_run_and_resumes(tmp_path: Path) -> None:
    def measure(lab: Lab) -> Measured:
        raise UserError("The data cannot be had.")

    lost = replace(HARM, name="lost", measure=measure)
    history = run_history([lost, NULL], out=tmp_path, budget="4s")
    assert history.failures == {"lost": "The data cannot be had."} and not history.complete
    assert set(history.results) == {"null"}
    assert "1 equivalent" in history.to_text() and "not run" in history.to_text()
    assert history.atlas.exists()
    resumed = run_history([HARM, NULL], out=tmp_path, budget="4s", resume=True)
    assert resumed.complete and resumed.results["null"] == history.results["null"]


def test_more_than_all_need_buys_seeds_and_no_length(tmp_path: Path) -> None:
    short = run_history([NULL], out=tmp_path / "short", budget="3s").results["null"]
    long = run_history([NULL], out=tmp_path / "long", budget="9s").results["null"]
    assert (round(short.scale, 1), len(short.seeds)) == (0.5, 5)
    assert (long.scale, len(long.seeds)) == (1.0, 7)


def test_an_interrupted_run_keeps_its_seeds(tmp_path: Path) -> None:
    def stop(lab: Lab) -> Measured:
        raise Stopped

    with pytest.raises(Stopped):
        run_milestone(replace(NULL, measure=stop), seeds=3, out=tmp_path)
    assert run_milestone(NULL, seeds=4, out=tmp_path, resume=True).seeds == (0, 1, 2)


def test_a_run_on_other_data_is_not_resumed(tmp_path: Path) -> None:
    def stop(lab: Lab) -> Measured:
        raise Stopped

    with pytest.raises(Stopped):
        run_milestone(replace(NULL, measure=stop), source="digits", scale=1.0, out=tmp_path)
    with pytest.raises(RunDirectoryError, match="interrupted run on other data"):
        run_milestone(NULL, out=tmp_path, resume=True)
    history = run_history([NULL], out=tmp_path, resume=True)
    assert "interrupted run on other data" in history.failures["null"]
    assert run_milestone(NULL, out=tmp_path).published_data, "without --resume it is begun anew"


def test_two_arrays_are_two_sources_though_their_texts_are_the_same(tmp_path: Path) -> None:
    """In the text of an array most values are left out."""

    def stop(lab: Lab) -> Measured:
        raise Stopped

    images = np.random.default_rng(0).integers(0, 255, (2000, 8, 8), dtype=np.uint8)
    other, labels = images.copy(), np.arange(2000) % 2
    other[1000] += 1
    assert str((images, labels)) == str((other, labels))
    with pytest.raises(Stopped):
        run_milestone(replace(NULL, measure=stop), source=(images, labels), scale=1.0, out=tmp_path)
    with pytest.raises(RunDirectoryError, match="interrupted run on other data"):
        run_milestone(NULL, source=(other, labels), scale=1.0, out=tmp_path, resume=True)
    with pytest.raises(Stopped):
        run_milestone(replace(NULL, measure=stop), source=(images.copy(), labels), scale=1.0, out=tmp_path, resume=True)


def test_a_folder_whose_pictures_changed_is_other_data(tmp_path: Path) -> None:
    def stop(lab: Lab) -> Measured:
        lab.data()
        raise Stopped

    def write(seed: int) -> None:
        for name in ("cats", "dogs"):
            (tmp_path / "photos" / name).mkdir(parents=True, exist_ok=True)
            for number in range(10):
                pixels = np.random.default_rng((seed, number, ord(name[0]))).integers(0, 255, (8, 8), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")

    asked: dict[str, Any] = {"source": tmp_path / "photos", "scale": 1.0, "out": tmp_path / "out"}
    write(1)
    with pytest.raises(Stopped):
        run_milestone(replace(NULL, measure=stop), **asked)
    write(2)
    with pytest.raises(RunDirectoryError, match="The data has changed since the run in .* began"):
        run_milestone(NULL, resume=True, **asked)


def test_an_interrupted_run_of_an_older_version_is_begun_anew(tmp_path: Path) -> None:
    with pytest.raises(Stopped), open_store(tmp_path / "null") as store:
        store.put("settings", {"seeds": 3, "scale": 1.0, "source": "None", "options": "None"})
        store.put("ended", False)
        store.put("spent", 1.0)
        raise Stopped
    with pytest.raises(RunDirectoryError, match="another version of epochal.*Leave out --resume to start it anew"):
        run_milestone(NULL, seeds=2, out=tmp_path, resume=True)
    assert run_milestone(NULL, seeds=2, out=tmp_path).seeds == (0, 1)


def test_the_whole_history_is_of_published_data(tmp_path: Path) -> None:
    """A result on the user's data is no part of it: resuming measures that milestone."""
    own = run_milestone(NULL, source="digits", scale=1.0, seeds=2, out=tmp_path)
    assert not own.published_data
    history = run_history([NULL], out=tmp_path, resume=True, seeds=3)
    assert history.results["null"].published_data and len(history.results["null"].seeds) == 5


def test_a_history_needs_time(tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="too little for the whole history"):
        run_history([HARM, NULL], out=tmp_path, budget="1s")
