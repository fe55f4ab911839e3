"""One column alone as good as all: shallow trees on single columns against boosted trees on all of them."""

from typing import Any

import numpy as np
from jaxtyping import Float32
from scipy.stats import rankdata

from epochal.data.split import rank
from epochal.data.table.codec import TableCodec
from epochal.data.table.leaks import Leak
from epochal.data.table.raw import kind_option

MOST_ROWS = 5_000  # rows looked at: plenty to tell a column that gives the answer away
FEWEST_ROWS = 60
STRONG = 0.9  # skill, from 0 for a constant answer to 1 for the label itself, from which a column is suspicious
AS_GOOD = 0.97  # share of the skill of all columns
SEVERAL = 3  # columns that reach it; of more, it is said that the task may be an easy one
LEAVES = 16
MOST_TREES = 40  # columns that are tried with a tree; of more, those whose ranges tell most of the label
ROUNDS = 25


def find_strong(
    codec: TableCodec, encoded: Float32[np.ndarray, "rows columns"], answers: np.ndarray, *, classes: bool
) -> list[Leak]:
    """Columns that alone predict the label as well as all do, and nearly without error, on held-out training rows.

    `encoded` are training rows at rest. Skill is 2 AUC - 1 for two classes, the share of the errors of the majority
    answer that is avoided for more classes, and R2 for numbers.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    sources = list(dict.fromkeys(codec.sources))
    chosen = _sample(answers, MOST_ROWS)
    encoded, answers = encoded[chosen], answers[chosen]
    if classes:  # a class of one or two rows cannot be held out
        often = np.bincount(answers)[answers] >= 6
        encoded, answers = encoded[often], answers[often]
    if len(answers) < FEWEST_ROWS or len(sources) < 2 or len(np.unique(answers)) < 2:
        return []
    half = np.arange(len(answers)) % 2 == 0
    one, many = (
        (DecisionTreeClassifier, HistGradientBoostingClassifier)
        if classes
        else (DecisionTreeRegressor, HistGradientBoostingRegressor)
    )
    places: dict[str, list[int]] = {source: [] for source in sources}
    for place, source in enumerate(codec.sources):
        places[source].append(place)
    skills, likeliest = {}, _likeliest(encoded, answers, places, classes)
    for source in likeliest:
        columns = np.nan_to_num(encoded[:, places[source]], nan=-1e30)
        tree = one(max_leaf_nodes=LEAVES, min_samples_leaf=5, random_state=0)
        skills[source] = _skill(tree, columns, answers, half, classes)
    suspects = [source for source, skill in skills.items() if skill >= STRONG]
    if not suspects:
        return []
    model = many(max_iter=ROUNDS, learning_rate=0.3, early_stopping=False, random_state=0)
    every = encoded[:, [place for source in likeliest for place in places[source]]]
    together = _skill(model, every, answers, half, classes)
    whole = "all columns" if len(likeliest) == len(sources) else f"the {len(likeliest)} likeliest columns"
    measure = "AUC" if classes and len(np.unique(answers)) == 2 else "share of errors avoided" if classes else "R2"

    def told(skill: float) -> str:
        return f"{(skill + 1) / 2 if measure == 'AUC' else skill:.3f}"

    about = f"on {len(answers):,} training rows"
    strong = sorted((s for s in suspects if skills[s] >= AS_GOOD * together), key=lambda source: -skills[source])
    if len(strong) > SEVERAL:
        named = ", ".join(f"{source!r} {told(skills[source])}" for source in strong[: 2 * SEVERAL])
        return [
            Leak(
                kind="strong",
                what=(
                    f"{len(strong)} columns alone each predict the label about as well as {whole} together, "
                    f"{measure} {told(together)}, {about}: {named}{' and more' if len(strong) > 2 * SEVERAL else ''}."
                ),
                advice="The task is easy, or drop those that are known only once the label is: --column NAME=drop.",
            )
        ]
    return [
        Leak(
            kind="strong",
            column=source,
            what=(
                f"column {source!r} alone predicts the label as well as {whole}: {measure} {told(skills[source])} "
                f"alone, {told(together)} together, {about}."
            ),
            advice=f"If it is known only once the label is, drop it: {kind_option(source, 'drop')}.",
        )
        for source in strong
    ]


def _likeliest(encoded: np.ndarray, answers: np.ndarray, places: dict[str, list[int]], classes: bool) -> list[str]:
    """The columns worth a tree: all of few, else those with the largest share of variance between their ranges."""
    if len(places) <= MOST_TREES:
        return list(places)
    names, codes = np.unique(answers, return_inverse=True)
    several = classes and len(names) > 2
    wanted = (
        [codes == index for index in range(min(len(names), LEAVES))] if several else [codes if classes else answers]
    )
    parts = dict.fromkeys(places, 0.0)
    for source, columns in places.items():
        for column in columns:
            values = np.nan_to_num(encoded[:, column], nan=-1e30)
            edges = np.unique(np.quantile(values, np.arange(1, LEAVES) / LEAVES))
            inside = np.searchsorted(edges, values)
            counts = np.maximum(np.bincount(inside, minlength=LEAVES), 1)
            for answer in wanted:
                centred = answer - answer.mean()
                sums = np.bincount(inside, weights=centred, minlength=LEAVES)
                share = float((sums**2 / counts).sum() / max((centred**2).sum(), 1e-300))
                parts[source] = max(parts[source], share)
    return sorted(places, key=lambda source: -parts[source])[:MOST_TREES]


def _sample(answers: np.ndarray, most: int) -> np.ndarray:
    """So many rows, drawn; the same ones each time."""
    if len(answers) <= most:
        order = rank(0, [str(index) for index in range(len(answers))])
        return np.argsort(order, kind="stable")
    return np.random.default_rng(0).choice(len(answers), most, replace=False)


def _skill(model: Any, inputs: np.ndarray, answers: np.ndarray, half: np.ndarray, classes: bool) -> float:
    """Skill on the half of the rows that the model does not learn from."""
    names, truth = np.unique(answers[half]), answers[~half]
    if len(names) < 2:
        return 0.0
    model.fit(inputs[half], answers[half])
    if not classes:
        errors = ((model.predict(inputs[~half]) - truth) ** 2).sum()
        return float(1 - errors / max(((truth - truth.mean()) ** 2).sum(), 1e-300))
    if len(names) > 2:
        base = np.bincount(truth).max() / len(truth)
        return float(((model.predict(inputs[~half]) == truth).mean() - base) / max(1 - base, 1e-12))
    positive = truth == names[1]
    count = int(positive.sum())
    if count in (0, len(truth)):
        return 0.0
    ranks = rankdata(
        model.predict_proba(inputs[~half])[:, 1]
    )  # the AUC is Mann and Whitney's U over its greatest value
    area = (ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(truth) - count))
    return float(2 * area - 1)
