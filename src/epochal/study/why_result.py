"""What an attribution found, and its words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, WORSE
from epochal.core.record import Record
from epochal.judge.design import Attribution, Estimate, pairs
from epochal.judge.labels import Labels, labels_needed
from epochal.judge.verdict_text import listed
from epochal.models.places import title

SHOWN = 5  # interactions in the text, the strongest first


@dataclass(frozen=True, kw_only=True)
class Ingredient(Record):
    """One ingredient: `on` is the change that puts it in, `off` what stands in its place without it.

    `verdict` is of its Shapley value: better, worse, equivalent to nothing, or cannot tell. `idle` says that it
    changed no logit at all.
    """

    name: str
    off: str
    on: str
    idle: bool
    verdict: str


@dataclass(frozen=True, kw_only=True)
class FewerLabels(Record):
    """The score of everything together, trained on a share of the labels; and, for each ingredient, by how much it
    leads the score with all labels without that ingredient."""

    labels: int
    share: float
    score: Estimate
    leads: tuple[Estimate, ...]


@dataclass(frozen=True, kw_only=True)
class WhyResult(Record):
    """What each ingredient of a rung brings to its validation accuracy, and what it costs in seconds a training.

    `score` and `cost` have the ingredients in their order. `full` says whether every combination was run. Where the
    seeds were trained stacked, as one, `cost` has no spread between them.
    """

    data: str
    rung: str
    ingredients: tuple[Ingredient, ...]
    combinations: int
    full: bool
    seeds: int
    examples: int  # that each training was shown
    learning_rate: float
    diverged: int  # trainings
    score: Attribution
    cost: Attribution
    fewer: tuple[FewerLabels, ...] = ()
    stacked: bool
    margin: float
    seconds: float
    started: str  # ISO 8601
    command: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the rung is called: its name, or the class of one's own."""
        return title(self.rung)

    @property
    def sentence(self) -> str:
        """Which ingredients carry the result."""
        joint, none, every = self.score.joint, self.score.none, self.score.every
        span = f"{_plain(joint)} points, from {100 * none.mean:.1f}% to {100 * every.mean:.1f}%"
        named: dict[str, list[tuple[float, str]]] = {BETTER: [], WORSE: [], EQUIVALENT: [], CANNOT_TELL: []}
        for ingredient, value in zip(self.ingredients, self.score.shapley, strict=True):
            named[ingredient.verdict].append((value.mean, ingredient.name))
        parts = []
        if carrying := [f"{name} ({100 * mean:+.1f})" for mean, name in sorted(named[BETTER], reverse=True)]:
            carry = "carries" if len(carrying) == 1 else "carry"
            parts.append(f"{listed(carrying)} {carry} what the ingredients of {self.title} bring together ({span})")
        else:
            parts.append(f"no ingredient of {self.title} is shown to bring anything; together they make {span}")
        if costing := [f"{name} costs {-100 * mean:.1f} points" for mean, name in sorted(named[WORSE])]:
            parts.append(listed(costing))
        if idle := [name for _, name in named[EQUIVALENT]]:
            parts.append(f"{listed(idle)} {'brings' if len(idle) == 1 else 'bring'} nothing that matters")
        if unknown := [name for _, name in named[CANNOT_TELL]]:
            parts.append(f"what {listed(unknown)} {'brings' if len(unknown) == 1 else 'bring'} is unknown")
        return f"On {self.data}, {'; '.join(parts)}."

    @property
    def needed(self) -> tuple[Labels, ...]:
        """The labels that each ingredient is worth; empty where there are too few to take shares of, or where more of
        them are not shown to help."""
        if not self.fewer or self.fewer[0].score.interval[1] >= self.score.every.interval[0]:
            return ()
        shares = (*(each.share for each in self.fewer), 1.0)
        leads = (*(each.leads for each in self.fewer), self.score.leave_one_out)
        return tuple(labels_needed(shares, column) for column in zip(*leads, strict=True))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Ingredients that had no effect."""
        lines = []
        for ingredient, value in zip(self.ingredients, self.score.shapley, strict=True):
            if ingredient.idle:
                lines.append(
                    f"No effect: {ingredient.name} changed nothing at all. Every answer of every seed is the same, bit "
                    f"for bit, with {ingredient.on} and without. Is it switched on?"
                )
            elif ingredient.verdict == EQUIVALENT:
                lines.append(
                    f"No effect that matters: {ingredient.name} brings {_points(value)} points, which lies within the "
                    f"margin of {100 * self.margin:g}."
                )
        return tuple(lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know in addition to the numbers."""
        lines = [
            f"Every training was shown {self.examples:,} examples at a learning rate of {self.learning_rate:g}: "
            "another rate, or longer trainings, may divide the credit otherwise."
        ]
        if not self.full:
            lines.append(
                f"{self.combinations} of {2 ** len(self.ingredients)} combinations were run: Shapley values are those "
                "of the model with main effects and interactions of two, and the rest is what three or more do "
                "together. A larger --budget runs them all."
            )
        if self.diverged:
            trainings = (self.combinations + len(self.fewer)) * self.seeds
            lines.append(f"{self.diverged} of {trainings} trainings diverged, and count as having learned nothing.")
        if self.fewer and not self.needed:
            lines.append(
                f"With {self.fewer[0].labels:,} labels everything together is not shown to do worse than with all, so "
                "that no ingredient can be said to be worth labels."
            )
        if self.needed:
            lines.append(
                "Labels: the smallest share of the labels at which all ingredients together match the network that "
                "lacks the ingredient but has all labels. Tried, one draw of each: "
                f"{listed(f'{each.labels:,}' for each in self.fewer)} labels; {100 * self.fewer[0].share:.3g}% means "
                "this share or less."
            )
        if self.stacked:
            lines.append("The seeds were trained together, as one: the seconds have no spread between seeds.")
        return tuple(lines)

    @property
    def interplay(self) -> tuple[tuple[str, str, Estimate], ...]:
        """Interactions that differ from zero, the strongest first."""
        names = [ingredient.name for ingredient in self.ingredients]
        found = [
            (names[one], names[other], estimate)
            for (one, other), estimate in zip(pairs(len(names)), self.score.interactions, strict=True)
            if estimate.verdict(0.0) in (BETTER, WORSE)
        ]
        return tuple(sorted(found, key=lambda each: -abs(each[2].mean)))

    def to_text(self) -> str:
        """For a terminal: the sentence, a table of the ingredients, and how they work together."""
        count = f"{self.combinations} combinations x {self.seeds} seeds, {self.examples:,} examples each"
        lines = [
            f"{self.title} on {self.data}: {count}, {self.seconds:.0f} s",
            "",
            f"  {'ingredient':15} {'on':11} {'instead of':10}  {'Shapley value [95%]':>24}  {'alone':>7}  "
            f"{'left out':>8}  {'seconds':>8}" + (f"  {'labels [95%]':>16}" if self.needed else ""),
        ]
        needed = [f"  {_labels(each):>16}" for each in self.needed] or [""] * len(self.ingredients)
        for place, ingredient in enumerate(self.ingredients):
            alone, without = self.score.add_one_in[place], self.score.leave_one_out[place]
            lines.append(
                f"  {ingredient.name:15} {ingredient.on:11} {ingredient.off:10}  "
                f"{_points(self.score.shapley[place]):>24}  {_plain(alone):>7}  "
                f"{100 * (0 - without.mean):>+8.1f}  {self.cost.shapley[place].mean:>+8.2f}{needed[place]}"
            )
        if not self.full:
            lines.append(f"  {'three or more together':38}  {_points(self.score.rest):>24}")
        seconds = f"{self.cost.none.mean:.2f} s a training without them, {self.cost.every.mean:.2f} s with all"
        lines.append(f"  {'all together':38}  {_points(self.score.joint):>24}   {seconds}")
        lines.append("")
        for one, other, estimate in self.interplay[:SHOWN]:
            how = "help each other" if estimate.mean > 0 else "stand in for each other"
            lines.append(
                f"  {one} and {other} {how}: {_points(estimate)} points that one brings more with the other than "
                "without it"
            )
        if self.interplay:
            lines.append("")
        lines.extend((self.sentence, *self.warnings, *self.notes))
        return "\n".join(lines)


def _plain(estimate: Estimate) -> str:
    return f"{100 * estimate.mean:+.1f}"


def _labels(needed: Labels) -> str:
    """'25% [18, 41]', of the labels."""
    low, high = needed.interval
    return f"{100 * needed.share:.3g}% [{100 * low:.3g}, {100 * high:.3g}]"


def _points(estimate: Estimate) -> str:
    """'+35.2 [+33.1, +37.3]', in points of accuracy."""
    low, high = estimate.interval
    return f"{_plain(estimate)} [{100 * low:+.1f}, {100 * high:+.1f}]"
