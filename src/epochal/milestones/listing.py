"""The list of claims for the terminal: what each says, where it was made, and what became of it here."""

from collections.abc import Mapping, Sequence

from epochal.core.claim import Claim, MilestoneResult
from epochal.report.verdicts import COUNTED, NOT_RUN, SAID, SIGNS, TELLING, tally

NARROWEST, WIDEST = 100, 140  # columns of a listing in a terminal
OWN = "--data --paper"  # what a milestone may take


def listing(claims: Sequence[Claim], results: Mapping[str, MilestoneResult], width: int | None = None) -> str:
    """The claims in the order of history: minutes are those on two cores at full length, and the verdict is the last
    one here.

    Args:
        width: columns of the terminal, to which claims are cut; None for claims in full, however long their lines.
    """
    if not claims:
        return "There are no milestones."
    ordered = sorted(claims, key=lambda claim: claim.year)
    verdicts = [results[claim.name].verdict if claim.name in results else NOT_RUN for claim in ordered]
    name = max(len("name"), *(len(claim.name) for claim in ordered))
    if width is None:
        column = max(len(claim.claim) for claim in ordered)
    else:
        width = min(max(width, NARROWEST), WIDEST)
        column = width - 14 - name - max(len(SAID[kind]) for kind in TELLING) - 2 - len("minutes") - len(OWN)
    indent = 4 + name + 4

    def fitting(text: str, most: int) -> str:
        text = " ".join(text.split())
        return text if width is None or len(text) <= most else text[: most - 1].rstrip(" ,;") + "\u2026"

    def row(year: object, title: str, said: str, length: str, takes: str, last: str) -> str:
        return f"{year:<4}  {title:<{name}}  {said:<{column}}  {length:>7}  {takes:<{len(OWN)}}  {last}".rstrip()

    lines = [row("year", "name", "claim; published figure; source", "minutes", "takes", "verdict here")]
    for claim, verdict in zip(ordered, verdicts, strict=True):
        takes = " ".join(["--data"] * bool(claim.data) + ["--paper"] * claim.large)
        last = f"{SIGNS.get(verdict, '?')} {SAID.get(verdict, verdict)}"
        lines.append(row(claim.year, claim.name, fitting(claim.claim, column), f"{claim.minutes:g}", takes, last))
        sources = (claim.published, claim.paper)
        lines += [" " * indent + fitting(each, (width or 0) - indent) for each in sources if each]
    counts = ", ".join(f"{count} {COUNTED[kind]}" for kind, count in tally(verdicts))
    noun = "claim" if len(ordered) == 1 else "claims"
    total = sum(claim.minutes for claim in ordered)
    lines += ["", f"{len(ordered)} {noun}, {total:g} minutes on two cores: {counts}."]
    return "\n".join(lines)
