"""One rung by itself: trained on the user's data with the user's settings, and bundled."""

import ast
import dataclasses
import time
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from epochal.core.errors import BudgetError, RunDirectoryError
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget, Run
from epochal.data.dataset import Dataset
from epochal.data.labels import Progress
from epochal.kinds.opening import input_of, ladder_with
from epochal.kinds.rung import Rung
from epochal.kinds.table import kind_of
from epochal.models import catalogue
from epochal.models.places import settled, title
from epochal.models.theirs import their_model
from epochal.models.weights import read_model
from epochal.ship.bundle import Bundle, as_shipped, write_bundle
from epochal.study.directories import choose_directory, source_name
from epochal.study.identity import require_same_code, require_same_data
from epochal.study.resuming import taken_up
from epochal.train.budget import Rate
from epochal.train.budget import seconds as parse_seconds
from epochal.train.experiment import MEASURING, VALIDATION, answer, run_once
from epochal.train.members import size_up
from epochal.train.store import open_store
from epochal.train.surroundings import set_apart
from epochal.train.trainee import cannot_weigh


def members_with(rung: Rung, settings: Mapping[str, Any]) -> list[Recipe]:
    """The members of a rung's family, the smallest first, with some settings changed: one where a setting names it."""
    found = (recipe_with(member, settings) for member in rung.members)
    return list({recipe.digest(): recipe for recipe in found}.values())


def recipe_with(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """The recipe with some settings changed: a field of it, or else an option of its model. Text is read as a number,
    true, false or none where it looks like one, and stays as it is where a setting is a word.

    Raises:
        UserError: a setting is the model's name, or has no such value.
    """
    fields = {field.name for field in dataclasses.fields(Recipe)} - {"model", "options", "parts"}
    words = typing.get_type_hints(Recipe) | typing.get_type_hints(catalogue.model(recipe.model).config_class)
    values = {key: value if words.get(key) is str else literal(value) for key, value in settings.items()}
    options = {key: value for key, value in values.items() if key not in fields}
    chosen = {key: value for key, value in values.items() if key in fields}
    for name in {"augment", "betas"} & chosen.keys():
        if isinstance(chosen[name], str):
            chosen[name] = tuple(literal(part) for part in chosen[name].split(",") if part)
    return Recipe.from_dict(recipe.to_dict() | chosen | {"options": {**recipe.options, **options}})


def literal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    words = {"true": True, "false": False, "none": None}
    if value.lower() in words:
        return words[value.lower()]
    try:
        number = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    return number if isinstance(number, int | float) else value


@set_apart()
def train_dataset(
    name: str,
    dataset: Dataset,
    directory: Path,
    *,
    settings: Mapping[str, Any],
    seconds: float,
    seed: int,
    watch: Callable[[str], None],
) -> tuple[Run, Bundle | None]:
    """Train a rung for `seconds` on an open data set; its run, and its bundle where it finished."""
    ladder = kind_of(dataset.task).ladder
    ladder.require([name], "rung")
    rung = ladder.rung(name)
    name = rung.name  # of one's own, with its place settled
    members = members_with(rung, settings)
    began = time.perf_counter()
    with open_store(directory) as store:
        require_same_data(store, dataset)
        require_same_code(store, [name])
        if members[0].augment and "augment" not in settings:
            unsuited, why = store.decide("unsuited", lambda: list(kind_of(dataset.task).input.unsuited(dataset)))
            if why:
                watch(why)
            members = [member.without_augmentations(unsuited) for member in members]

        asked = {"rung": name, "settings": {key: str(value) for key, value in settings.items()}}
        if (known := store.decide("asked", lambda: asked)) != asked:
            raise RunDirectoryError(
                f"The training in {directory} is of {known['rung']} with settings {known['settings']}, not of {name} "
                f"with {asked['settings']}. Leave them as they were to resume it, or choose another --out."
            )

        def choose() -> Rate:
            return size_up(dataset, rung, (1 - MEASURING) * seconds, MEASURING * seconds, members)

        rate = Rate.from_dict(store.decide("rate", lambda: choose().to_dict()))
        budget = Budget.from_dict(
            store.decide("budget", lambda: rate.budget(max(seconds - rate.measured, 0.5 * seconds)).to_dict())
        )
        recipe = rate.recipe
        took = f"about {rate.seconds(budget):.0f} s, {recipe.precision}"
        watch(f"{rung.member(recipe)}: {budget.examples:,} examples in {took}")
        if said := cannot_weigh(dataset, recipe, rung.title):
            watch(said)
        run_name = f"{title(name)}/seed-{seed}"
        before = float(store.get("spent", 0.0))
        if store.get("spent") is not None:
            watch(taken_up(store, seconds))
        try:
            run = run_once(run_name, recipe, dataset, store, budget=budget, seed=seed)
        except KeyboardInterrupt:
            kept = store.checkpoints(run_name).read() is not None
            watch(f"Interrupted{'. What was learned is kept' if kept else ''}; continue with: --resume {directory}")
            raise
        finally:
            store.put("spent", before + time.perf_counter() - began)
        if run.status != FINISHED:
            return run, None
        goal = kind_of(dataset.task).goal
        write_bundle(
            directory / "bundle",
            model=read_model(store.folder(run_name), recipe, dataset.task),
            recipe=recipe,
            task=dataset.task,
            codec=dataset.codec,
            calibration=goal.calibrate(answer(store, run_name, VALIDATION, goal), dataset.validation.truth()),
            metric=goal.metric,
            evidence={"runs": [as_shipped(run)]},
        )
    return run, Bundle.open(directory / "bundle", trust=True)


def train_rung(
    name: str,
    source: Any,
    *,
    options: Any = None,
    task: str | None = None,
    settings: Mapping[str, Any] | None = None,
    budget: float | str = "5m",
    seed: int = 0,
    out: Path | str | None = None,
    resume: bool = False,
    progress: Callable[[str], None] | None = None,
    loading: Progress | None = None,
) -> tuple[Run, Bundle | None]:
    """Train one rung by itself on labelled data. The test split stays sealed: scores are on validation.

    Args:
        settings: fields of the recipe or options of the model, such as {"depth": 20, "learning_rate": 0.1}.
        progress: called with a line of text now and then.
        loading: called, while data is downloaded and decoded, with what is being done, how much is done, of how much.

    Returns:
        The run, and the bundle; None in its place where the training diverged.
    """
    watch = progress or (lambda line: None)
    name = settled(name)
    their_model.cache_clear()  # of an earlier training in this process
    reads = input_of(source, options, task, watch)
    ladder = ladder_with(reads, name)
    ladder.require([name], "rung")  # before the data is read
    rung = ladder.rung(name)
    members_with(rung, settings or {})
    if seed < 0:
        raise BudgetError(f"seed: expected 0 or more, got {seed}.")
    seconds = parse_seconds(budget)
    directory = choose_directory(out, source, name=f"{title(name)}-{source_name(source)}", resume=resume)
    dataset = reads.open(source, options or reads.options(), loading)
    for line in dataset.report.summary:
        watch(line)
    return train_dataset(name, dataset, directory, settings=settings or {}, seconds=seconds, seed=seed, watch=watch)
