"""One loop trains them all: a classifier, a classical rung, an adversarial pair, self-play, and sequences."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest
import resumable
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from epochal.core.protocols import Batch
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget
from epochal.core.seeds import stream
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.data.synthetic import gaussian, reversal
from epochal.kinds.image_ladder import RUNGS
from epochal.train.checkpoint import Checkpoints
from epochal.train.fit import fit
from epochal.train.trainee import Trainee, prepare

# A classifier --------------------------------------------------------------------------------------------------------


def test_a_classifier_learns() -> None:
    recipe = resumable.RECIPE.replace(augment=("crop",), learning_rate=0.01)
    points = []
    predictor, run = fit(
        resumable.trainee(recipe),
        Budget(examples=48 * 250),
        0,
        watch=lambda point, steps: points.append((point, steps)),
    )
    assert run.status == FINISHED
    assert run.scores["score"] > 0.94
    assert [point.step for point in run.curve] == [25 * k for k in range(1, 11)]
    assert points == [(point, 250) for point in run.curve]
    first, last = run.curve[0].values, run.curve[-1].values
    assert last["train_loss"] < 0.5 * first["train_loss"]
    assert last["loss"] == run.scores["loss"], "the end of the curve is the score"
    images, targets = resumable.digits()[1]
    assert (predictor(images).labels == targets).mean() == run.scores["score"]
    assert (run.cost.steps, run.cost.examples) == (250, 12_000)
    assert run.cost.parameters == sum(p.numel() for p in resumable.Small().parameters())
    assert run.cost.seconds > 0
    assert run.cost.peak_memory is not None and run.cost.peak_memory > 1e7
    assert {"device", "threads", "torch", "python"} <= set(run.environment)


# A classical rung ----------------------------------------------------------------------------------------------------


@cache
def digits() -> Dataset:
    return open_dataset("digits")


@pytest.mark.parametrize("name, least", [("nearest-neighbours", 0.96), ("hog-svm", 0.9), ("majority", 0.08)])
def test_a_classical_rung_fits_itself(name: str, least: float) -> None:
    count = len(digits().train)
    budget = Budget(examples=count)
    predictor, run = fit(prepare(digits(), RUNGS[name].recipe, 0, budget), budget, 0)
    assert run.status == FINISHED
    assert run.scores["score"] > least
    assert (run.cost.steps, run.cost.examples) == (1, count)
    assert len(run.curve) == 1
    assert predictor(digits().validation.inputs[:3]).logits.shape == (3, 10)


def test_a_classical_rung_with_fewer_examples_learns_less() -> None:
    scores = []
    for limit in (20, 200, 1000):
        budget = Budget(examples=limit)
        run = fit(prepare(digits(), RUNGS["nearest-neighbours"].recipe, 0, budget), budget, 0)[1]
        assert run.cost.examples == limit
        scores.append(run.scores["score"])
    assert 0.3 < scores[0] < scores[1] < scores[2]


def test_a_feed_that_ends_before_the_budget_still_ends_in_a_point() -> None:
    count = len(digits().train)
    budget = Budget(examples=20 * count)
    _, run = fit(prepare(digits(), RUNGS["nearest-neighbours"].recipe, 0, budget), budget, 0)
    assert [(point.step, point.examples) for point in run.curve] == [(1, count)]
    assert run.curve[0].values["score"] == run.scores["score"]
    assert (run.cost.steps, run.cost.examples) == (1, count)


# An adversarial pair -------------------------------------------------------------------------------------------------


class Pair(nn.Module):
    """Two players (Goodfellow et al. 2014): one makes numbers out of noise, the other tells them from real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
        self.discriminator = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))


class Adversarial:
    """The non-saturating game (section 3), with a penalty on the discriminator's slope at real examples, without which
    the game circles around its solution (Mescheder et al. 2018, R1)."""

    parts = ("discriminator", "generator")

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        made = model.generator(batch.targets)
        if part == "generator":
            return F.softplus(-model.discriminator(made)).mean()
        real = batch.inputs.clone().requires_grad_()
        told = model.discriminator(real)
        (slope,) = torch.autograd.grad(told.sum(), real, create_graph=True)
        fooled = F.softplus(model.discriminator(made.detach())).mean()
        return F.softplus(-told).mean() + fooled + 0.2 * slope.square().mean()


class RealAndNoise:
    """Real examples with the noise to imitate them from."""

    fixed = True

    def __init__(self, real: np.ndarray, batch_size: int):
        self.real = torch.from_numpy(real)
        self.per_batch = batch_size

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        number = start
        while True:
            generator = torch.Generator().manual_seed(stream(seed, "pair", number))
            chosen = torch.randint(len(self.real), (self.per_batch,), generator=generator)
            yield Batch(self.real[chosen], torch.randn(self.per_batch, 1, generator=generator))
            number += 1


def moments(generate: Any) -> dict[str, float]:
    noise = torch.randn(4000, 1, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        made = generate(noise)
    return {"mean": float(made.mean()), "deviation": float(made.std())}


def test_an_adversarial_pair_learns_a_distribution() -> None:
    torch.manual_seed(0)
    recipe = Recipe(model="pair", optimiser="adam", learning_rate=0.01, schedule="cosine", batch_size=128)
    this = Trainee(
        recipe=recipe,
        task="gaussian",
        model=Pair(),
        feed=RealAndNoise(gaussian(5000, mean=3.0, deviation=1.0), 128),
        objective=Adversarial(),
        per_step=128,
        glance=moments,
        judge=moments,
        predictor=lambda model: model.generator,
    )
    untrained = moments(this.model.generator)
    assert abs(untrained["mean"] - 3.0) > 2
    assert untrained["deviation"] < 0.7
    _, run = fit(this, Budget(examples=128 * 1000), 0, points=40)
    assert run.status == FINISHED
    assert {"discriminator_loss", "generator_loss", "mean", "deviation"} == set(run.curve[0].values)
    tail = run.curve[20:]  # a game has no last word: it is judged on the average of its second half
    assert np.mean([point.values["mean"] for point in tail]) == pytest.approx(3.0, abs=0.15)
    assert np.mean([point.values["deviation"] for point in tail]) == pytest.approx(1.0, abs=0.25)


def test_each_part_steps_its_own_weights_only() -> None:
    class OnlyGenerator(Adversarial):
        parts = ("generator",)

    model = Pair()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    recipe = Recipe(model="pair", optimiser="adam", learning_rate=0.01, schedule="constant")
    this = Trainee(
        recipe=recipe,
        task="gaussian",
        model=model,
        feed=RealAndNoise(gaussian(100), 16),
        objective=OnlyGenerator(),
        per_step=16,
        glance=moments,
        judge=moments,
        predictor=lambda model: model.generator,
    )
    fit(this, Budget(examples=160), 0)
    changed = {name.split(".")[0] for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert changed == {"generator"}


# Self-play -----------------------------------------------------------------------------------------------------------

STONES, MOST = 12, 3


class Games:
    """Nim against itself: players take one to three stones in turn, and whoever takes the last one wins.

    The model that is being trained plays both sides, so the feed reads the model it feeds. Inputs are positions, one
    hot [moves, stones + 1]; targets are pairs (move, +1 if the mover won and -1 otherwise).
    """

    fixed = False

    def __init__(self, games: int):
        self.per_batch = games

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        number = start
        while True:
            yield self._play(model, torch.Generator().manual_seed(stream(seed, "games", number)))
            number += 1

    @torch.no_grad()
    def _play(self, model: Any, generator: torch.Generator) -> Batch:
        left = torch.randint(1, STONES + 1, (self.per_batch,), generator=generator)
        positions, moves, playing, turns = [], [], [], torch.zeros(self.per_batch, dtype=torch.long)
        while (left > 0).any():
            here = F.one_hot(left, STONES + 1).float()
            move = torch.multinomial(legal(model(here), left).softmax(dim=1), 1, generator=generator).squeeze(1)
            positions.append(here)
            moves.append(move)
            playing.append(left > 0)
            turns += left > 0
            left = (left - (move + 1)).clamp(min=0)
        outcomes = []
        for turn, still in enumerate(playing):
            # The mover of the last turn won, and with him the mover of every second turn before it.
            outcomes.append(torch.where((turns - 1 - turn) % 2 == 0, 1.0, -1.0)[still])
        kept = torch.cat(playing)
        return Batch(torch.cat(positions)[kept], (torch.cat(moves)[kept], torch.cat(outcomes)))


def legal(logits: Tensor, left: Tensor) -> Tensor:
    """Nobody takes more stones than there are. (Where none is left, the game is over and any move will do.)"""
    too_many = torch.arange(1, MOST + 1) > left.clamp(min=1)[:, None]
    return logits.masked_fill(too_many, -torch.inf)


class PolicyGradient:
    """REINFORCE (Williams 1992): moves of the winner become more likely, and those of the loser less."""

    parts = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        moves, outcomes = batch.targets
        chances = legal(model(batch.inputs), batch.inputs.argmax(dim=1)).log_softmax(dim=1)
        return -(outcomes * chances.gather(1, moves[:, None]).squeeze(1)).mean()


def perfect_moves(play: Any) -> dict[str, float]:
    """In how many of the positions that can be won the move is the only winning one: to leave a multiple of four."""
    left = torch.tensor([n for n in range(1, STONES + 1) if n % 4])
    with torch.no_grad():
        moves = legal(play(F.one_hot(left, STONES + 1).float()), left).argmax(dim=1) + 1
    return {"perfect": float((moves == left % 4).float().mean())}


def player() -> Trainee:
    torch.manual_seed(0)
    return Trainee(
        recipe=Recipe(model="player", optimiser="adam", learning_rate=0.05, schedule="constant"),
        task="nim",
        model=nn.Linear(STONES + 1, MOST),
        feed=Games(64),
        objective=PolicyGradient(),
        per_step=64,
        glance=perfect_moves,
        judge=perfect_moves,
        predictor=lambda model: model,
    )


def test_a_model_that_plays_itself_learns_the_game() -> None:
    _, run = fit(player(), Budget(examples=64 * 300), 0, points=30)
    assert run.status == FINISHED
    assert run.curve[0].values["perfect"] < 0.75
    tail = [point.values["perfect"] for point in run.curve[-10:]]
    assert np.mean(tail) > 0.95, "judged on the average of its tail, as every game is"


def test_self_play_depends_on_the_model_that_plays() -> None:
    taker, leaver = nn.Linear(STONES + 1, MOST), nn.Linear(STONES + 1, MOST)
    with torch.no_grad():
        taker.bias.copy_(torch.tensor([0.0, 0.0, 50.0]))
        leaver.bias.copy_(torch.tensor([50.0, 0.0, 0.0]))
    (long,), (short,) = (list(islice(Games(64).batches(model, 0), 1)) for model in (leaver, taker))
    assert len(long.inputs) > 1.5 * len(short.inputs)


def test_self_play_resumes_to_the_same_bits(tmp_path: Any) -> None:
    class Stop(Exception):
        pass

    def stop(point: Any, steps: int) -> None:
        if point.step >= 20:
            raise Stop

    budget = Budget(examples=64 * 40)
    expected = player()
    curve = fit(expected, budget, 0)[1].curve
    with pytest.raises(Stop):
        fit(player(), budget, 0, checkpoints=Checkpoints(tmp_path), every=0.0, watch=stop)
    found = player()
    assert fit(found, budget, 0, checkpoints=Checkpoints(tmp_path))[1].curve == curve
    assert resumable.digest(found.model.state_dict()) == resumable.digest(expected.model.state_dict())


# Sequence to sequence ------------------------------------------------------------------------------------------------

LENGTH, SYMBOLS = 4, 8


class Reverser(nn.Module):
    """An encoder reads a sequence into one vector, from which a decoder writes another (Sutskever et al. 2014)."""

    def __init__(self, width: int = 64):
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS + 1, width)  # the last symbol says: begin
        self.encoder = nn.GRU(width, width, batch_first=True)
        self.decoder = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, SYMBOLS)

    def forward(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Logits [batch, length, symbols] of each output, given those before it."""
        begin = torch.full((len(inputs), 1), SYMBOLS)
        _, memory = self.encoder(self.embedding(inputs))
        states, _ = self.decoder(self.embedding(torch.cat([begin, outputs[:, :-1]], dim=1)), memory)
        return self.head(states)

    @torch.no_grad()
    def write(self, inputs: Tensor) -> Tensor:
        """[batch, length], symbol by symbol, each chosen after its own predecessors."""
        _, memory = self.encoder(self.embedding(inputs))
        symbol, written = torch.full((len(inputs), 1), SYMBOLS), []
        for _ in range(inputs.shape[1]):
            states, memory = self.decoder(self.embedding(symbol), memory)
            symbol = self.head(states).argmax(dim=2)
            written.append(symbol)
        return torch.cat(written, dim=1)


class NextSymbol:
    parts = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        return F.cross_entropy(model(batch.inputs, batch.targets).flatten(0, 1), batch.targets.flatten())


class Sequences:
    """Shuffled batches of pairs of sequences."""

    fixed = True

    def __init__(self, inputs: np.ndarray, outputs: np.ndarray, batch_size: int):
        self.inputs, self.outputs = torch.from_numpy(inputs), torch.from_numpy(outputs)
        self.per_batch = batch_size

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        number = start
        while True:
            generator = torch.Generator().manual_seed(stream(seed, "sequences", number))
            chosen = torch.randint(len(self.inputs), (self.per_batch,), generator=generator)
            yield Batch(self.inputs[chosen], self.outputs[chosen])
            number += 1


def test_sequences_are_learned() -> None:
    torch.manual_seed(0)
    inputs, outputs = reversal(3000, length=LENGTH, symbols=SYMBOLS, seed=0)
    # The held-out sequences are new: none of them is among those that were trained on.
    known = {tuple(row) for row in inputs[:2500].tolist()}
    new = [k for k in range(2500, 3000) if tuple(inputs[k].tolist()) not in known]
    asked, wanted = torch.from_numpy(inputs[new]), torch.from_numpy(outputs[new])
    assert len(new) > 100

    def exact(write: Any) -> dict[str, float]:
        return {"exact": float((write(asked) == wanted).all(dim=1).float().mean())}

    this = Trainee(
        recipe=Recipe(model="reverser", optimiser="adam", learning_rate=0.01, schedule="one_cycle", clip=1.0),
        task="reversal",
        model=Reverser(),
        feed=Sequences(inputs[:2500], outputs[:2500], 128),
        objective=NextSymbol(),
        per_step=128,
        glance=exact,
        judge=exact,
        predictor=lambda model: model.write,
    )
    _, run = fit(this, Budget(examples=128 * 350), 0)
    assert run.curve[0].values["exact"] < 0.2
    assert run.scores["exact"] > 0.95
