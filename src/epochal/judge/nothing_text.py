"""What is said where no rung is shown to be better than the one that does not look: nothing is recommended."""

from dataclasses import replace

from epochal.core.metric import Metric
from epochal.judge.verdict_text import Recommendation, RungSummary, scored


def unless_nothing_learned(
    found: Recommendation, rungs: tuple[RungSummary, ...], floor: str, *, metric: Metric
) -> Recommendation:
    """The recommendation as it is; or that nothing is recommended, where the `floor`, which answers without looking at
    its inputs, is not shown to be worse than the best of several rungs. What was chosen is then bundled all the same:
    too little data may be the reason, and is none to ship what looks worse."""
    named = {rung.name: rung for rung in rungs}
    if floor not in found.tier or len(rungs) == 1:
        return found
    best, lowest = named[found.best], named[floor]
    first = (
        f"No rung had a better validation {metric.title} than {lowest.title}, {scored(lowest, metric)}."
        if best is lowest
        else f"{best.title} had the best validation {metric.title}, {scored(best, metric)}, but is not shown to be "
        f"better than {lowest.title}, at {scored(lowest, metric)}."
    )
    sentence = f"{first} Nothing is recommended; the bundle holds {named[found.chosen].title}."
    return replace(found, learned=False, sentence=sentence)


def nothing_learned(floor: str, *, item: str) -> str:
    """The headline in place of a recommendation. `floor` is the title of the rung that does not look."""
    return (
        f"Nothing to learn was found: no rung is shown to be better than {floor}, which does not look at the {item}s. "
        "Nothing is recommended."
    )
