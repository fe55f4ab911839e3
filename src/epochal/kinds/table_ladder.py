"""The ladders of tables: for classes and for a number, every rung with its citation and honest default.

Networks have the architecture of their paper and, all alike, the same modern help: AdamW with a one-cycle rate. The
perceptron alone keeps its own rule. What a network sees is what linear models see: scaled numbers, their normal scores
where tails are heavy, and zeros and ones for levels. Trees take rows at rest.

Boosted trees of other libraries are extras: climbed where they are named, at the rate and rounds of ours.

A rung is a family, from a small member to its full size. Which member a climb trains follows from its budget by one
rule, the same for all (`train/members.py`).
"""

from dataclasses import replace

from epochal.core.recipe import Option, Recipe
from epochal.kinds.rung import Ladder, Rung

# Few rounds learn more at a higher rate.
ROUNDS = (
    *({"rounds": rounds, "learning_rate": 0.3} for rounds in (1, 2, 4, 8, 16, 32)),
    {"rounds": 100, "learning_rate": 0.1},
    {"rounds": 500, "learning_rate": 0.1},
)
TREES = tuple({"trees": trees} for trees in (10, 30, 100, 300))
BLOCKS = (
    {"hidden": 32, "blocks": 1},
    {"hidden": 64, "blocks": 2},
    {"hidden": 128, "blocks": 2},
    {"hidden": 192, "blocks": 2},
)
BINS = ({"hidden": 64, "bins": 16}, {"hidden": 128, "bins": 32}, {"hidden": 256, "bins": 64})


def _estimate(name: str, **options: Option) -> Recipe:
    """The recipe of a rung that fits itself."""
    return Recipe(model=name, options=options, objective="estimate", schedule="constant")


def _network(name: str, learning_rate: float, **options: Option) -> Recipe:
    """The recipe of a network: the same for all but for the model, its options and its rate."""
    return Recipe(
        model=name,
        options=options,
        optimiser="adamw",
        learning_rate=learning_rate,
        weight_decay=1e-4,
        schedule="one_cycle",
        batch_size=256,
    )


_LINEAR = Rung(
    name="linear",
    title="Logistic regression",
    year=1958,
    paper="Cox, The regression analysis of binary sequences, Journal of the Royal Statistical Society B 20(2), 1958",
    adds="Looks at the columns: a weight for each, and the weighted sum decides.",
    recipe=_estimate("linear"),
)
_TREE = Rung(
    name="tree",
    title="Decision tree",
    year=1984,
    paper="Breiman, Friedman, Olshen & Stone, Classification and regression trees, Wadsworth, 1984",
    adds="Questions in place of weights: what one column means may depend on the answer of another.",
    recipe=_estimate("tree"),
)
_FOREST = Rung(
    name="forest",
    title="Random forest",
    year=2001,
    paper="Breiman, Random forests, Machine Learning 45, 2001",
    adds="Many trees that each see other rows and other columns: their mean opinion errs less than any of them.",
    recipe=_estimate("forest", **TREES[-1]),
    family=TREES,
    work=("trees",),
    called="Random forest, {trees} trees",
)
_BOOSTED = Rung(
    name="histogram-trees",
    title="Gradient-boosted trees",
    year=2001,
    paper="Friedman, Greedy function approximation: a gradient boosting machine, Annals of Statistics 29(5), 2001",
    adds="Trees that mend each other's errors, one after another: small ones suffice, and they add up.",
    recipe=_estimate("histogram-trees", **ROUNDS[-1]),
    family=ROUNDS,
    work=("rounds",),
    called="Gradient-boosted trees, up to {rounds} rounds",
)
_MLP = Rung(
    name="mlp",
    title="Multilayer perceptron",
    year=1986,
    paper="Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, Nature 323, 1986",
    adds="A hidden layer: features are learned too, by sending errors back through smooth units.",
    recipe=_network("mlp", 0.02),
)
_RESNET = Rung(
    name="table-resnet",
    title="Residual network for tables",
    year=2021,
    paper="Gorishniy, Rubachev, Khrulkov & Babenko, Revisiting deep learning models for tabular data, NeurIPS 2021",
    adds="Rectifiers, shortcuts past the layers, batch normalisation and dropout: depth, on rows of numbers.",
    recipe=_network("table-resnet", 0.002, **BLOCKS[-1]),
    family=BLOCKS,
    called="Residual network for tables, {blocks} x {hidden}",
)
_EMBEDDINGS = Rung(
    name="numeric-embeddings",
    title="Numeric embeddings",
    year=2022,
    paper="Gorishniy, Rubachev & Babenko, On embeddings for numerical features in tabular deep learning, NeurIPS 2022",
    adds="Numbers cut into bins, so that a network can treat each range of a number in its own way, as trees do.",
    recipe=_network("numeric-embeddings", 0.002, **BINS[-1]),
    family=BINS,
    called="Numeric embeddings, {bins} bins, {hidden} units",
)

_CLASSES = (
    Rung(
        name="majority",
        title="Majority class",
        year=1950,
        paper="No paper: older than the field, and set at the beginning of its history",
        adds="Always the class seen most often, whatever the row: the floor that every other rung must beat.",
        recipe=_estimate("majority"),
    ),
    _LINEAR,
    _TREE,
    _FOREST,
    _BOOSTED,
    Rung(
        name="perceptron",
        title="Perceptron",
        year=1958,
        paper="Rosenblatt, The perceptron, Psychological Review 65(6), 1958",
        adds="Weights that are learned from mistakes, one example after another.",
        recipe=Recipe(
            model="perceptron",
            objective="perceptron",
            optimiser="sgd",
            momentum=0.0,
            learning_rate=0.03,
            schedule="cosine",
            batch_size=64,
        ),
    ),
    _MLP,
    _RESNET,
    _EMBEDDINGS,
)

_NUMBER = (
    Rung(
        name="mean",
        title="Mean",
        year=1950,
        paper="No paper: older than the field, and set at the beginning of its history",
        adds="Always the mean of the training rows, whatever the row: the floor that every other rung must beat.",
        recipe=_estimate("mean"),
    ),
    replace(
        _LINEAR,
        title="Ridge regression",
        year=1970,
        paper="Hoerl & Kennard, Ridge regression: biased estimation for nonorthogonal problems, Technometrics 12(1), "
        "1970",
        adds="Looks at the columns: a weight for each, and the number is the weighted sum.",
    ),
    *(_TREE, _FOREST, _BOOSTED),
    *(replace(rung, recipe=rung.recipe.replace(objective="squared_error")) for rung in (_MLP, _RESNET, _EMBEDDINGS)),
)

_EXTRAS = tuple(
    Rung(
        name=name,
        title=title,
        year=year,
        paper=paper,
        adds=adds,
        recipe=_estimate(name, **ROUNDS[-1]),
        family=ROUNDS,
        work=("rounds",),
        called=f"{title}, up to {{rounds}} rounds",
    )
    for name, title, year, paper, adds in (
        (
            "xgboost",
            "XGBoost",
            2016,
            "Chen & Guestrin, XGBoost: a scalable tree boosting system, KDD 2016",
            "Boosted trees that split by the curvature of the loss, too, and shrink what each leaf says.",
        ),
        (
            "lightgbm",
            "LightGBM",
            2017,
            "Ke, Meng, Finley, Wang, Chen, Ma, Ye & Liu, LightGBM: a highly efficient gradient boosting decision tree, "
            "NeurIPS 2017",
            "Boosted trees that grow where it helps most, leaf by leaf, on columns cut into bins.",
        ),
        (
            "catboost",
            "CatBoost",
            2018,
            "Prokhorenkova, Gusev, Vorobev, Dorogush & Gulin, CatBoost: unbiased boosting with categorical features, "
            "NeurIPS 2018",
            "Levels become what earlier rows of them were, so that no row's own answer leaks into its columns.",
        ),
    )
)
_BY_NAME = {rung.name: rung for rung in _EXTRAS}

TABLE_CLASSES_LADDER = Ladder(rungs={rung.name: rung for rung in _CLASSES}, extras=_BY_NAME)
TABLE_NUMBER_LADDER = Ladder(rungs={rung.name: rung for rung in _NUMBER}, extras=_BY_NAME, objective="squared_error")
