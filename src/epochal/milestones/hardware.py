"""2012: many multiplications at once. What parallel hardware is worth to a network, measured on the machine at hand."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from epochal.core.claim import Picture, Series
from epochal.core.task import Task
from epochal.data.feed import ArrayFeed
from epochal.data.image.codec import Codec
from epochal.judge.claims import RATIO, Question
from epochal.kinds.image_ladder import RUNGS
from epochal.milestones.table import CLAIMS
from epochal.models.catalogue import build
from epochal.study.lab import Lab
from epochal.study.milestone import Measured, Milestone
from epochal.train.device import device, synchronise
from epochal.train.loop import State, loop
from epochal.train.objectives import make_objective
from epochal.train.optimise import Stepper
from epochal.train.trainee import trainable

SMALL, LARGE = 64, 1024  # sides of the matrices
CALLS = 100  # products of small matrices in one timing, which would else be too short for a clock
TIMINGS = 5  # of each way in one repeat; their median counts
RECIPE = RUNGS["alexnet"].recipe.with_options(width=1 / 8).replace(augment=(), batch_size=64)
STEPS = 2  # of training in one timing
WARM = 2  # steps that prepare kernels and are not timed
HORIZON = 1_000_000  # steps over which the learning rate would go its way: it hardly moves here
PICTURES = Task(
    name="noise", input_shape=(3, 32, 32), labels=tuple("0123456789"), counts={"train": 256}, fingerprint="none"
)

SCALAR, VECTOR = "one multiplication at a time", "vectorised"
ONE, ALL, GPU = "one thread", "all threads", "GPU"


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to do some work: `work` does `amount` of it, on `threads` threads."""

    work: Callable[[], object]
    amount: float
    threads: int


def by_hand(left: list[list[float]], right: list[list[float]]) -> list[list[float]]:
    """The product of two matrices [n, n], one multiplication at a time."""
    side = len(left)
    product = [[0.0] * side for _ in range(side)]
    for row in range(side):
        for column in range(side):
            total = 0.0
            for place in range(side):
                total += left[row][place] * right[place][column]
            product[row][column] = total
    return product


def small_products() -> dict[str, Way]:
    """Multiply-adds of a product of small matrices in float32, in a loop and vectorised, both with one thread."""
    left, right = matrices(SMALL, "cpu")
    lists = left.tolist(), right.tolist()
    return {
        SCALAR: Way(work=partial(by_hand, *lists), amount=SMALL**3, threads=1),
        VECTOR: Way(work=partial(many, left, right), amount=CALLS * SMALL**3, threads=1),
    }


def many(left: Tensor, right: Tensor) -> None:
    for _ in range(CALLS):
        torch.mm(left, right)


def large_products(threads: int, accelerator: str) -> dict[str, Way]:
    """Multiply-adds of a product of large matrices in float32, on each device and with one thread and with all."""
    ways = {}
    for name, place, count in places(threads, accelerator):
        ways[name] = Way(work=partial(torch.mm, *matrices(LARGE, place)), amount=LARGE**3, threads=count)
    return ways


def trainings(threads: int, accelerator: str) -> dict[str, Way]:
    """Images that AlexNet learns from, at 32x32 pixels, on each device and with one thread and with all."""
    ways = {}
    for name, place, count in places(threads, accelerator):
        ways[name] = Way(work=steps(place), amount=STEPS * RECIPE.batch_size, threads=count)
    return ways


def places(threads: int, accelerator: str) -> Iterator[tuple[str, str, int]]:
    """What there is to compare: name, device and number of threads. `accelerator` is "" where there is none."""
    yield ONE, "cpu", 1
    if threads > 1:
        yield ALL, "cpu", threads
    if accelerator:
        yield GPU, accelerator, threads


def matrices(side: int, place: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, side, side, generator=generator).to(place)
    return left, right


def steps(place: str) -> Callable[[], None]:
    """A training on noise whose every call makes some steps more."""
    count, generator = PICTURES.counts["train"], np.random.default_rng(0)
    _, height, width = PICTURES.input_shape
    images = generator.integers(0, 256, (count, *PICTURES.input_shape), dtype=np.uint8)
    feed = ArrayFeed(
        images,
        generator.integers(0, PICTURES.classes, count),
        batch_size=RECIPE.batch_size,
        tensors=Codec(mode="rgb", height=height, width=width, mean=(0.5,) * 3, std=(0.3,) * 3).tensors,
        memory_format=RECIPE.memory_format,
        device=place,
    )
    torch.manual_seed(0)
    model, objective = build(RECIPE, PICTURES).to(place), make_objective(RECIPE, 0)
    steppers = {part: Stepper(RECIPE, trainable(model, part), HORIZON) for part in objective.parts}
    state = State(model=model, steppers=steppers, seed=0)
    loop(state, feed, objective, steps=WARM)
    return lambda: loop(state, feed, objective, steps=state.step + STEPS)


def rates(ways: Mapping[str, Way], repeats: int, timings: int) -> dict[str, list[float]]:
    """Amounts of work a second of each way [repeats]: in every repeat the median of several timings.

    The ways take turns, and each repeat begins with another, so that what else the machine does strikes them alike.
    """
    names = list(ways)
    found: dict[str, list[float]] = {name: [] for name in names}
    for way in ways.values():
        timed(way)  # the first call is slower
    for repeat in range(repeats):
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for timing in range(timings):
            for turn in range(len(names)):
                name = names[(repeat + timing + turn) % len(names)]
                seconds[name].append(timed(ways[name]))
        for name in names:
            found[name].append(ways[name].amount / median(seconds[name]))
    return found


def timed(way: Way) -> float:
    """Seconds that the work takes."""
    with threads_of(way.threads):
        synchronise()
        started = time.perf_counter()
        way.work()
        synchronise()
        return time.perf_counter() - started


@contextmanager
def threads_of(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def timings_of_all(repeats: int, timings: int) -> dict[str, Any]:
    """Everything that this machine can be asked, as plain data."""
    threads, accelerator = torch.get_num_threads(), "" if device() == "cpu" else device()
    return {
        "threads": threads,
        "accelerator": torch.cuda.get_device_name() if accelerator else "",
        "small": rates(small_products(), repeats, timings),
        "large": rates(large_products(threads, accelerator), repeats, timings),
        "training": rates(trainings(threads, accelerator), repeats, timings),
    }


def measure(lab: Lab) -> Measured:
    job = partial(timings_of_all, len(lab.seeds), max(3, round(TIMINGS * lab.scale)))
    found = lab.work({"timings": job})["timings"]
    small, large, training, threads = (found[name] for name in ("small", "large", "training", "threads"))
    questions = [
        Question(
            text=f"Is a product of {SMALL}x{SMALL} matrices faster vectorised than one multiplication at a time?",
            unit="multiply-adds a second",
            control=SCALAR,
            control_values=small[SCALAR],
            arm=VECTOR,
            values=small[VECTOR],
            kind=RATIO,
            size=10.0,
            margin=1.1,
        )
    ]
    best = ALL if threads > 1 else ONE
    if threads > 1:
        questions.append(in_training(f"Do {threads} threads train faster than one?", training, ONE, ALL, size=1.3))
    else:
        lab.notes.append("PyTorch has one thread here: what more threads are worth was not measured.")
    if found["accelerator"]:
        text = f"Does {found['accelerator']} train faster than the processor?"
        questions.append(in_training(text, training, best, GPU, size=5.0))
    else:
        lab.notes.append(
            "PyTorch finds no GPU here: what one is worth, which is the heart of the claim, was not measured. What "
            "was measured is the same principle on a processor: vector instructions, and cores side by side."
        )
    products = {f"{name}, {SMALL}x{SMALL}": values for name, values in small.items()}
    products |= {f"{name}, {LARGE:,}x{LARGE:,}": values for name, values in large.items()}
    return Measured(
        questions=tuple(questions),
        pictures=(
            bars("Products of matrices", "multiply-adds a second", products),
            bars("Training AlexNet on images of 32x32 pixels", "images a second", training),
        ),
    )


def in_training(text: str, training: dict[str, list[float]], control: str, arm: str, *, size: float) -> Question:
    """Whether one way to train shows more images a second than the other."""
    return Question(
        text=text,
        unit="training images a second",
        control=control,
        control_values=training[control],
        arm=arm,
        values=training[arm],
        kind=RATIO,
        size=size,
        margin=1.1,
    )


def bars(title: str, unit: str, rates: Mapping[str, list[float]]) -> Picture:
    return Picture(
        kind="bars",
        title=title,
        caption="Mean of the repeats, with the slowest and the fastest. Each step of the scale is ten times as much.",
        y_label=unit,
        log_y=True,
        ticks=tuple(rates),
        series=(
            Series(
                label=unit,
                role="arm",
                x=tuple(map(float, range(len(rates)))),
                y=tuple(float(np.mean(values)) for values in rates.values()),
                low=tuple(min(values) for values in rates.values()),
                high=tuple(max(values) for values in rates.values()),
            ),
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["gpu"]),
    setting=f"This machine, float32: a product of {SMALL}x{SMALL} matrices one multiplication at a time and "
    f"vectorised; products of {LARGE:,}x{LARGE:,} and training steps of AlexNet, an eighth as wide, on 32x32 "
    "pixels, with one thread and with all, and on a GPU where there is one",
    differs="Seeds are repeats of the timings, which take turns. The loop over single multiplications is one of "
    "Python, so that its ratio holds the cost of an interpreter as well as the worth of vectors. The network is far "
    "smaller than the papers', and uses less of a GPU.",
    measure=measure,
)
