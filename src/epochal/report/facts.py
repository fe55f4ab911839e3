"""What the page says of the data and of the way the climb was made, from records that may lack any of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from epochal.core.recipe import Recipe
from epochal.data.report import Decision, alike_once
from epochal.models.catalogue import traits
from epochal.report import words
from epochal.report.result import ClimbResult
from epochal.report.view import RungView

MOST_CLASSES, MOST_PROBLEMS, MOST_COPIES, MOST_COLUMNS = 25, 60, 12, 40
SPLITS, SIZES = ("train", "validation", "test"), ("smallest", "largest", "distinct", "used")
COPIES = {
    "exact_pairs": "exact pairs",
    "near_pairs": "near pairs",
    "clusters": "groups of copies",
    "straddling": "groups across published splits",
    "set_aside": "set aside from train",
    "conflicts": "copies with different labels",
    "method": "how they were found",
}


@dataclass(frozen=True, kw_only=True)
class DataView:
    """The data report, in plain rows. Parts that a report does not speak of are None."""

    facts: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]  # the names of each sort, of data that has columns
    leaks: tuple[str, ...] | None
    splits: tuple[str, ...]
    counts: tuple[tuple[str, tuple[str, ...]], ...]  # a row a class
    counts_left_out: int
    totals: tuple[str, ...]
    place: str  # what has problems: "file" | "row"
    problems: tuple[Mapping[str, str], ...]
    problems_left_out: int
    decisions: tuple[Mapping[str, str], ...]
    duplicates: tuple[tuple[str, str], ...] | None
    copies: tuple[Mapping[str, str], ...]  # examples of duplicates
    warnings: tuple[str, ...]


def data_view(result: ClimbResult) -> DataView:
    """Whatever the data report holds, in the order of the classes of the task."""
    data, task = result.data, result.task
    counts = {s: row for s, row in _sorted(_mapping(data.get("counts")), SPLITS).items() if isinstance(row, Mapping)}
    splits = tuple(counts)
    named = list(dict.fromkeys([*task.labels, *(str(label) for row in counts.values() for label in row)]))
    labels = [label for label in named if label and any(label in row for row in counts.values())]
    table = tuple((label, tuple(words.plain(counts[split].get(label, 0)) for split in splits)) for label in labels)
    totals = {split: sum(v for v in row.values() if words.known(v)) for split, row in counts.items()}
    if not totals:
        totals = _sorted(task.counts, SPLITS)
    columns = _sorts(_mapping(data.get("columns")))
    facts = [("Name", str(data.get("name") or task.name)), ("Read as", words.plain(data.get("kind")))]
    facts.append(("Predicts", _predicted(task.target, data.get("spread"))))
    facts.append((words.capital(f"{task.item}s"), _counts(result, totals)))
    facts.append(("Columns", ", ".join(words.plural(len(names), sort) for sort, names in columns.items())))
    facts.append(("Given to the models as", shape(task.input_shape)))
    for key, title in (("sizes", "Sizes found"), ("channels", "Channels")):
        if data.get(key):
            facts.append((title, _channels(data[key]) if key == "channels" else _sizes(data[key])))
    if data.get("ignored"):
        facts.append(("Hidden files ignored", words.plain(data["ignored"])))
    problems, leaks = _rows(data.get("problems")), _rows(data.get("leaks"))
    duplicates = _mapping(data.get("duplicates"))
    copies = _rows(duplicates.get("examples"))
    described = tuple(
        (COPIES.get(key, key.replace("_", " ")), words.plain(value))
        for key, value in _sorted(duplicates, COPIES).items()
        if key != "examples" and value not in ("", None)
    )
    return DataView(
        facts=tuple(fact for fact in facts if fact[1] not in ("", words.NONE)),
        columns=tuple((words.plural(len(names), sort), _named(names)) for sort, names in columns.items()),
        leaks=tuple(f"{row.get('what', '')} {row.get('advice', '')}".strip() for row in leaks)
        if "leaks" in data
        else None,
        splits=splits,
        counts=table[:MOST_CLASSES],
        counts_left_out=max(0, len(table) - MOST_CLASSES),
        totals=tuple(words.count(totals[split]) for split in splits),
        place="row" if columns else "file",
        problems=problems[:MOST_PROBLEMS],
        problems_left_out=max(0, len(problems) - MOST_PROBLEMS),
        decisions=_decisions(data.get("decisions")),
        duplicates=described if "duplicates" in data else None,
        copies=copies[:MOST_COPIES],
        warnings=tuple(dict.fromkeys([*_texts(data.get("warnings")), *task.notes])),
    )


def shape(input_shape: Sequence[int]) -> str:
    """(1, 28, 28) -> '28 x 28 pixels, grey'; (12,) -> '12 numbers'."""
    if len(input_shape) == 1:
        return words.plural(input_shape[0], "number")
    if len(input_shape) != 3:
        return words.plain(tuple(input_shape))
    channels, height, width = input_shape
    colour = {1: "grey", 3: "colour"}.get(channels, words.plural(channels, "channel"))
    return f"{width} {words.TIMES} {height} pixels, {colour}"


def _sorted(mapping: Mapping[str, Any], order: Iterable[str]) -> dict[str, Any]:
    """In the order given, whatever else there is after it: JSON keeps keys by the alphabet."""
    first = {key: mapping[key] for key in order if key in mapping}
    return first | {str(key): value for key, value in mapping.items()}


def _channels(value: object) -> str:
    return {1: "grey", 3: "colour"}.get(value, words.plain(value)) if isinstance(value, int) else words.plain(value)


def _sizes(value: object) -> str:
    """{'smallest': [150, 113], ...} -> 'smallest 150 x 113; ...'; whatever else it is, as it is."""
    parts = []
    for key, item in _sorted(_mapping(value), SIZES).items():
        pair = isinstance(item, list | tuple) and len(item) == 2
        parts.append(f"{key} " + (f" {words.TIMES} ".join(map(words.plain, item)) if pair else words.plain(item)))
    return "; ".join(parts) if parts else words.plain(value)


def _counts(result: ClimbResult, totals: Mapping[str, float]) -> str:
    """How many items there are, and of how many classes, if of any."""
    parts = [f"{words.count(number)} {split}" for split, number in totals.items()]
    classes = f"; {words.plural(result.task.classes, 'class', 'classes')}" if result.task.labels else ""
    return f"{words.listed(parts)}{classes}" if parts else ""


def _predicted(target: str, spread: object) -> str:
    """The name of what is predicted, with the least value, the quartiles and the greatest value of a number."""
    if not (isinstance(spread, list | tuple) and len(spread) == 5 and all(map(words.known, spread))):
        return target
    low, first, middle, third, high = (words.short(value, 4).replace("-", words.MINUS) for value in spread)
    return (
        f"{target}, a number from {low} to {high}; half of its values lie between {first} and {third}, around {middle}"
    )


def _sorts(columns: Mapping[str, object]) -> dict[str, list[str]]:
    """The columns of each sort, the most frequent sort first: {'number': ['age', 'height'], 'date': ['joined']}."""
    order = [sort for sort, _ in Counter(map(str, columns.values())).most_common()]
    return {sort: [name for name, found in columns.items() if str(found) == sort] for sort in order}


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_COLUMNS
    return ", ".join(names[:MOST_COLUMNS]) + (f" and {more:,} more" if more > 0 else "")


def _decisions(value: object) -> tuple[Mapping[str, str], ...]:
    """A row for each decision; one for all columns of which the same was decided."""
    rows = _rows(value)
    if not all({"what", "chosen", "why"} <= row.keys() for row in rows):
        return rows
    made = [Decision(**{name: row.get(name, "") for name in ("what", "chosen", "why", "override")}) for row in rows]
    return tuple(one.to_dict() for one in alike_once(made))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _rows(value: object) -> tuple[Mapping[str, str], ...]:
    """A list of mappings with words for values; a bare text becomes a row that has only `what`."""
    if not isinstance(value, list | tuple):
        return ()
    rows = []
    for item in value:
        fields = item if isinstance(item, Mapping) else {"what": item}
        rows.append({str(key): words.plain(field) for key, field in fields.items()})
    return tuple(rows)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [words.plain(item) for item in value] if isinstance(value, list | tuple) else []


@dataclass(frozen=True, kw_only=True)
class RecipeRow:
    """One rung's training, as much as is needed to repeat it."""

    title: str
    paper: str
    settings: str
    budgets: str
    tried: str
    digest: str
    message: str


def recipe_rows(views: Sequence[RungView]) -> list[RecipeRow]:
    """How each rung was trained, in ladder order."""
    rows = []
    for view in views:
        stages = view.rung.stages
        recipe = stages[-1].recipe if stages else None
        budgets = "; ".join(f"{stage.name} {words.plural(stage.budget.examples, 'example')}" for stage in stages)
        tried = ", ".join(
            f"{trial.learning_rate:g} \u2192 " + (f"{trial.loss:.3g}" if words.known(trial.loss) else "diverged")
            for trial in view.rung.trials
        )
        rows.append(
            RecipeRow(
                title=view.title,
                paper=view.rung.paper,
                settings=_settings(recipe) if recipe else "",
                budgets=budgets,
                tried=tried,
                digest=recipe.digest() if recipe else "",
                message=view.rung.message,
            )
        )
    return rows


def _settings(trained: Recipe) -> str:
    recipe = trained.to_dict()
    options = ", ".join(f"{k}={v}" for k, v in _mapping(recipe["options"]).items())
    if not traits(trained).by_steps:  # what learns at once reads nothing but its options
        return options or "as the catalogue sets them"
    parts = [
        f"{recipe['optimiser']}, rate {recipe['learning_rate']:g}",
        f"{recipe['schedule']} schedule",
        f"batch {recipe['batch_size']}",
        str(recipe["precision"]),
    ]
    if recipe["objective"] != "cross_entropy":
        parts.insert(0, f"{recipe['objective']} objective")
    if recipe["weight_decay"]:
        parts.append(f"weight decay {recipe['weight_decay']:g}")
    if recipe["augment"]:
        parts.append("augment " + words.plain(recipe["augment"]).replace("_", " "))
    return ", ".join([*parts, options] if options else parts)
