"""The words and signs of a milestone's verdict, the same in the terminal, on its page and in the atlas."""

from collections.abc import Sequence

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, REFUTED, VERDICTS
from epochal.core.experiment import EQUIVALENT

NOT_RUN = "not run yet"
SAID = {
    CONFIRMED: "Confirmed",
    REFUTED: "Refuted here",
    EQUIVALENT: "No difference here",
    INCONCLUSIVE: "Inconclusive",
    NOT_RUN: "Not run yet",
}
SIGNS = {CONFIRMED: "\u2713", REFUTED: "\u2717", EQUIVALENT: "=", INCONCLUSIVE: "?", NOT_RUN: "\u00b7"}
COUNTED = {
    CONFIRMED: "confirmed",
    REFUTED: "refuted at this scale",
    EQUIVALENT: "without a difference that matters",
    INCONCLUSIVE: "inconclusive",
    NOT_RUN: "not run yet",
}
TELLING = (*VERDICTS, NOT_RUN)


def tally(verdicts: Sequence[str]) -> list[tuple[str, int]]:
    """How many there are of each verdict; those that do not occur are left out."""
    return [(verdict, verdicts.count(verdict)) for verdict in TELLING if verdict in verdicts]
