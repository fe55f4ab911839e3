"""The whole history: every milestone within one budget, and the atlas of what became of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from epochal.core.claim import VERDICTS, MilestoneResult
from epochal.core.errors import BudgetError, UserError
from epochal.core.paths import absolute
from epochal.judge.claim_text import number
from epochal.report.atlas import write_atlas
from epochal.report.milestone import write_page
from epochal.study.milestone import Milestone, run_milestone
from epochal.study.results import read_result, read_results
from epochal.train.budget import seconds as parse_seconds
from epochal.train.experiment import Watch

SHORTEST = 0.1  # the least scale: shorter trainings show nothing


@dataclass(frozen=True, kw_only=True)
class History:
    """The result of every milestone, or why there is none."""

    results: dict[str, MilestoneResult]
    failures: dict[str, str]
    seconds: float
    atlas: Path

    @property
    def complete(self) -> bool:
        return not self.failures

    def to_text(self) -> str:
        """A line for each milestone, and the count of verdicts."""
        lines = [
            f"{result.verdict:<12}  {name:<22} {result.seconds:6.0f} s  {result.sentence}"
            for name, result in self.results.items()
        ]
        lines += [f"{'not run':<12}  {name:<22}           {why}" for name, why in self.failures.items()]
        found = [result.verdict for result in self.results.values()]
        counts = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in VERDICTS)
        return "\n".join([*lines, "", f"{counts}; {number(self.seconds / 60)} minutes"])


def run_history(
    milestones: Sequence[Milestone],
    *,
    budget: float | str | None = None,
    seeds: int | None = None,
    out: Path | str,
    progress: Watch | None = None,
    command: str | None = None,
    resume: bool = False,
) -> History:
    """Run every milestone, oldest first, and write the atlas to OUT/atlas. A milestone that cannot be run, such as one
    whose data cannot be downloaded, is named, and the others still run.

    With a budget, each milestone gets a share of the time left in proportion to its minutes, so that one that overruns
    shortens those after it and not the total. Without, each takes its own minutes. Time to spare buys more seeds, not
    longer trainings: at another length a claim about how soon something is learned would be another claim.

    Args:
        seeds: trainings of each arm, whatever the budget; a milestone whose own number is larger keeps it.
        resume: keep the results that OUT has already, and run the others.

    Raises:
        BudgetError: the budget leaves less than a tenth of each milestone's own length.
    """
    watch, out = progress or (lambda line: None), absolute(out)
    began = time.perf_counter()
    total = sum(milestone.minutes for milestone in milestones)
    seconds = None if budget is None else parse_seconds(budget)
    if seconds is not None and seconds < SHORTEST * 60 * total:
        raise BudgetError(
            f"budget: {seconds:g} s is too little for the whole history, which takes {60 * total:.0f} s in full and a "
            f"tenth of that at least. Give a --budget of {SHORTEST * 60 * total:.0f}s or more, or run single ones."
        )
    known = [read_result(out / milestone.folder) for milestone in milestones] if resume else []
    results = {result.name: result for result in known if result and result.published_data}
    waiting = [milestone for milestone in milestones if milestone.name not in results]
    left = sum(milestone.minutes for milestone in waiting)
    failures: dict[str, str] = {}
    for milestone in waiting:
        share, count = None, milestone.seeds
        if seconds is not None:
            remaining = max(seconds - (time.perf_counter() - began), SHORTEST * 60 * left)
            times = remaining / (60 * left)
            share = remaining * milestone.minutes / left if times < 1 else None
            count = int(count * max(times, 1.0))
        left -= milestone.minutes
        watch(f"== {milestone.year} {milestone.name}: {milestone.claim}")
        try:
            result = run_milestone(
                milestone,
                budget=share,
                seeds=count if seeds is None else max(seeds, milestone.seeds),
                out=out,
                resume=resume,
                progress=progress,
                command=command,
            )
        except UserError as error:
            failures[milestone.name] = str(error)
            watch(f"{milestone.name}: not run. {error}")
            continue
        results[milestone.name] = result
        write_page(milestone, result, out / milestone.name)
        watch(f"{milestone.name}: {result.sentence}")
    atlas = write_atlas(milestones, read_results(out), out / "atlas")
    return History(results=results, failures=failures, seconds=time.perf_counter() - began, atlas=atlas)
