"""1943: a single threshold unit computes some functions of logic, and nets of two layers compute all of them."""

from collections.abc import Sequence
from functools import partial
from itertools import combinations, permutations
from typing import Any

import numpy as np

from epochal.core.claim import Picture, Series
from epochal.judge.claims import EXACT, Question
from epochal.milestones.table import CLAIMS
from epochal.study.lab import Lab
from epochal.study.milestone import Measured, Milestone

INPUTS = (1, 2, 3, 4)
PUBLISHED = {2: 14, 3: 104, 4: 1882}  # functions that one threshold unit computes
LARGEST = 3  # weight, either way: units of up to four inputs need none larger
FORBIDS = -1000  # weight of an inhibitory input of 1943: no excitation outweighs it
XOR = 0b0110  # bit k is the answer to pattern k: 00, 01, 10, 11
NAMES = (
    "false", "nor", "y and not x", "not x", "x and not y", "not y", "xor", "nand",
    "and", "xnor", "y", "y or not x", "x", "x or not y", "or", "true",
)  # fmt: skip


def patterns_of(inputs: int) -> np.ndarray:
    """[patterns, inputs] every pattern of zeros and ones, in the order of counting: 00, 01, 10, 11."""
    return (np.arange(2**inputs)[:, None] >> np.arange(inputs)[::-1]) & 1


def functions_of(inputs: int) -> np.ndarray:
    """[functions, patterns] the answers of every function; function number f answers pattern k by bit k of f."""
    patterns = 2**inputs
    return (np.arange(2**patterns)[:, None] >> np.arange(patterns)) & 1


def by_one_unit(patterns: np.ndarray, weights: Sequence[int], thresholds: Sequence[int]) -> np.ndarray:
    """Numbers of the functions that units with any of these weights and thresholds compute. A unit fires where the
    weights of its active inputs sum to its threshold or more."""
    inputs = patterns.shape[1]
    units = np.stack(np.meshgrid(*[weights] * inputs, indexing="ij"), axis=-1).reshape(-1, inputs)
    sums = units @ patterns.T  # [units, patterns]
    fires = sums[:, None] >= np.asarray(thresholds)[:, None]  # [units, thresholds, patterns]
    return np.unique(fires @ (1 << np.arange(len(patterns))))


def beyond_any_unit(patterns: np.ndarray) -> np.ndarray:
    """Numbers of the functions that no unit computes, whatever its weights, by a proof for each.

    Two patterns on which the function is true, and two on which it is false, with the same sum: a unit would have to
    give the first two a larger sum than the other two, and gives both the same (Elgot 1961; for XOR, Minsky & Papert
    1969).
    """
    pairs: dict[tuple[int, ...], list[int]] = {}
    for one, other in combinations(range(len(patterns)), 2):
        pairs.setdefault(tuple((patterns[one] + patterns[other]).tolist()), []).append(1 << one | 1 << other)
    functions = np.arange(2 ** len(patterns))
    beyond = np.zeros(len(functions), bool)
    for same_sum in pairs.values():
        for true, false in permutations(same_sum, 2):
            beyond |= (functions & true == true) & (functions & false == 0)
    return np.flatnonzero(beyond)


def hidden_layer(patterns: np.ndarray) -> np.ndarray:
    """[patterns, units] bool: unit k has weight 1 from the active inputs of pattern k and -1 from the others, and a
    threshold of as many as are active, so that it fires on its own pattern alone."""
    return patterns @ (2 * patterns - 1).T >= patterns.sum(axis=1)


def by_two_layers(patterns: np.ndarray) -> np.ndarray:
    """Numbers of the functions that nets in disjunctive normal form compute: each net answers each pattern.

    The net of a function has the hidden units of the patterns on which it is true, and an output unit of threshold 1
    that any of them makes fire.
    """
    wanted = functions_of(patterns.shape[1])
    answers = hidden_layer(patterns).astype(int) @ wanted.T >= 1  # [patterns, functions]
    return np.flatnonzero((answers == wanted.T).all(axis=0))


def explore(inputs: int) -> dict[str, Any]:
    """Every function of `inputs` inputs: which of them one unit computes, and how many nets of two layers do."""
    patterns = patterns_of(inputs)
    most = LARGEST * inputs
    computed = by_one_unit(patterns, range(-LARGEST, LARGEST + 1), range(-most, most + 2))
    beyond = beyond_any_unit(patterns)
    sorted_out = np.sort(np.concatenate([computed, beyond]))
    assert np.array_equal(sorted_out, np.arange(2 ** len(patterns))), "a function is neither computed nor beyond"
    of_1943 = by_one_unit(patterns, [FORBIDS, *range(LARGEST + 1)], range(most + 2))
    return {
        "computed": computed.tolist(),
        "beyond": len(beyond),
        "of 1943": len(of_1943),
        "two layers": len(by_two_layers(patterns)),
    }


def measure(lab: Lab) -> Measured:
    found = lab.work({f"{inputs} inputs": partial(explore, inputs) for inputs in INPUTS})
    of = {inputs: found[f"{inputs} inputs"] for inputs in INPUTS}
    judged = {inputs: 2**2**inputs for inputs in PUBLISHED}
    beyond = ", ".join(f"{of[inputs]['beyond']:,}" for inputs in PUBLISHED)
    lab.notes.append(
        f"The other {beyond} functions of 2, 3 and 4 inputs "
        "are beyond any weights: for each, two patterns where it is true and two where it is false have the same sum."
    )
    lab.notes.append("Every function, weight and pattern is tried: neither the seeds nor the budget changes a count.")
    units = tuple(
        Question(
            text=f"How many of the {judged[inputs]:,} functions of {inputs} inputs does one threshold unit compute?",
            unit=f"functions of {inputs} inputs",
            arm="one threshold unit",
            values=len(of[inputs]["computed"]),
            kind=EXACT,
            size=published,
        )
        for inputs, published in PUBLISHED.items()
    )
    nets = Question(
        text=f"How many of all {sum(judged.values()):,} functions of 2 to 4 inputs do nets of two layers compute?",
        unit="functions of 2 to 4 inputs",
        arm="nets of two layers",
        values=sum(of[inputs]["two layers"] for inputs in PUBLISHED),
        kind=EXACT,
        size=sum(judged.values()),
    )
    return Measured(questions=(*units, nets), pictures=(shares(of), two_inputs(of[2]["computed"]), net_of_xor()))


def shares(of: dict[int, dict[str, Any]]) -> Picture:
    """The share of all functions that each device computes, by the number of inputs."""
    counts = {
        "one threshold unit": ("control", [len(of[inputs]["computed"]) for inputs in INPUTS]),
        "one neuron as of 1943, where one inhibitory input forbids": (
            "other",
            [of[inputs]["of 1943"] for inputs in INPUTS],
        ),
        "nets of two layers": ("arm", [of[inputs]["two layers"] for inputs in INPUTS]),
    }
    return Picture(
        kind="bars",
        title="What one unit computes, and what two layers do",
        caption="The share of all functions of logic, of which there are 4, 16, 256 and 65,536.",
        x_label="inputs",
        y_label="share of all functions",
        percent=True,
        ticks=tuple(str(inputs) for inputs in INPUTS),
        series=tuple(
            series(label, role, [count / 2**2**inputs for inputs, count in zip(INPUTS, row, strict=True)])
            for label, (role, row) in counts.items()
        ),
    )


def two_inputs(computed: list[int]) -> Picture:
    """The truth tables of the sixteen functions of two inputs, and whether one unit computes each."""
    answers = functions_of(2)  # [functions, patterns]
    rows = [
        series("x = {}, y = {}".format(*pattern), "other", answers[:, place].tolist())
        for place, pattern in enumerate(patterns_of(2).tolist())
    ]
    able = series("one unit computes it", "arm", [float(function in computed) for function in range(16)])
    return Picture(
        kind="grid",
        title="The sixteen functions of two inputs",
        caption="Each column is a function: its answers to the four patterns, and whether one unit computes it.",
        ticks=NAMES,
        series=(*rows, able),
    )


def net_of_xor() -> Picture:
    """What every unit of XOR's net does on the four patterns."""
    patterns = patterns_of(2)
    wanted = functions_of(2)[XOR]
    hidden = hidden_layer(patterns)[:, wanted == 1]  # [patterns, 2]
    rows: dict[str, np.ndarray] = {
        "input x": patterns[:, 0],
        "input y": patterns[:, 1],
        "hidden: y and not x": hidden[:, 0],
        "hidden: x and not y": hidden[:, 1],
        "output: x or y, not both": hidden.max(axis=1),
    }
    return Picture(
        kind="grid",
        title="Two layers compute XOR",
        caption="Which units fire on each of the four patterns.",
        ticks=tuple("x = {}, y = {}".format(*pattern) for pattern in patterns.tolist()),
        series=tuple(
            series(label, "arm" if label.startswith("output") else "other", row.tolist()) for label, row in rows.items()
        ),
    )


def series(label: str, role: str, values: Sequence[float]) -> Series:
    """Values at the places 0, 1, 2 and so on."""
    return Series(label=label, role=role, x=tuple(map(float, range(len(values)))), y=tuple(map(float, values)))


MILESTONE = Milestone(
    **vars(CLAIMS["threshold-logic"]),
    setting=f"Every function of one to four inputs, every unit with whole weights up to {LARGEST} either way and every "
    "threshold, and for each function a net of two layers, asked every pattern.",
    differs="Inhibition is a negative weight; in the paper, one active inhibitory input forbids firing, with which a "
    "single neuron computes fewer functions. Its neurons need some input to fire at all; here a threshold may be 0. "
    "Time, which the paper's nets run in, is left out.",
    measure=measure,
)
