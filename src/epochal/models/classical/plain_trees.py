"""Decision trees as plain arrays: the nodes of all trees in one row, which all examples walk down at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int

WALKS = 2**19  # examples x trees that are walked at once


@dataclass(frozen=True, kw_only=True)
class PlainTrees:
    """Trees in which the left child of a node is the next node.

    `roots` [trees] int32. For each node: `inputs` int32, the input that it asks for (-1 for a leaf); `thresholds`
    float32, up to which an example goes left; `missing_left` bool, whether one without the input goes left, or None
    where no input is ever missing; `places` int32, the right child, or for a leaf its row in `values`
    [leaves, outputs].
    """

    roots: np.ndarray
    inputs: np.ndarray
    thresholds: np.ndarray
    places: np.ndarray
    values: np.ndarray
    missing_left: np.ndarray | None = None

    def stored(self) -> dict[str, np.ndarray]:
        """The arrays by name, from which `restored` makes the trees again."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        return {name: array for name, array in arrays.items() if array is not None}

    @property
    def splits(self) -> int:
        return int((self.inputs >= 0).sum())

    def sums(
        self, examples: np.ndarray, features: Callable[[np.ndarray], np.ndarray] = lambda examples: examples
    ) -> Float32[np.ndarray, "batch outputs"]:
        """What the leaf of each tree says, summed over the trees, of examples whose inputs `features` makes, some at a
        time."""
        step = max(1, WALKS // len(self.roots))
        parts = [np.zeros((0, self.values.shape[1]), np.float32)]
        parts += [self._walked(features(examples[start : start + step])) for start in range(0, len(examples), step)]
        return np.concatenate(parts)

    def _walked(self, features: Float32[np.ndarray, "batch inputs"]) -> Float32[np.ndarray, "batch outputs"]:
        width = features.shape[1]
        leaves = np.empty(len(features) * len(self.roots), dtype=np.int32)
        walks = np.arange(len(leaves), dtype=np.int32)  # those that have not come to a leaf
        at, starts = np.tile(self.roots, len(features)), walks // len(self.roots) * width
        flat = features.ravel()
        missing = np.isnan(flat) if self.missing_left is not None else None
        while len(walks):
            wanted = self.inputs[at]
            inside = wanted >= 0
            if not inside.all():
                leaves[walks[~inside]] = self.places[at[~inside]]
                walks, at, starts, wanted = walks[inside], at[inside], starts[inside], wanted[inside]
            left = flat[starts + wanted] <= self.thresholds[at]
            if missing is not None and self.missing_left is not None:
                left |= missing[starts + wanted] & self.missing_left[at]
            at = np.where(left, at + 1, self.places[at])
        rows = leaves.reshape(len(features), len(self.roots))
        sums = np.zeros((len(features), self.values.shape[1]), dtype=np.float32)
        for tree in range(len(self.roots)):
            sums += self.values[rows[:, tree]]
        return sums


_ARRAYS = ("roots", "inputs", "thresholds", "places", "values", "missing_left")


def restored(arrays: Mapping[str, np.ndarray]) -> PlainTrees:
    """The trees whose arrays these are, among others."""
    return PlainTrees(**{name: arrays[name] for name in _ARRAYS if name in arrays})


def plain_trees(
    trees: Iterable[Any], values: Callable[[Any], np.ndarray], *, missing: bool = False, dtype: type = np.float32
) -> PlainTrees:
    """scikit-learn's trees (`estimator.tree_`) as plain arrays. `values` gives [nodes, outputs] of a tree, of which
    those of the leaves are kept as `dtype`; inputs may be `missing`, NaN, or never are."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("inputs", "thresholds", "places", "values", "left")}
    roots = []
    nodes = leaves = 0
    for tree in trees:
        order = _left_child_next(tree.children_left, tree.children_right)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        leaf = tree.children_left[order] < 0
        roots.append(nodes)
        parts["inputs"].append(np.where(leaf, -1, tree.feature[order]).astype(np.int32))
        parts["thresholds"].append(_rounded_down(tree.threshold[order]))
        right = place[tree.children_right[order]] + nodes
        parts["places"].append(np.where(leaf, leaves + np.cumsum(leaf) - 1, right).astype(np.int32))
        parts["values"].append(values(tree)[order][leaf].astype(dtype))
        parts["left"].append(tree.missing_go_to_left[order].astype(bool))
        nodes, leaves = nodes + len(leaf), leaves + int(leaf.sum())
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    left = joined.pop("left")
    return PlainTrees(roots=np.array(roots, dtype=np.int32), **joined, missing_left=left if missing else None)


def _left_child_next(left: np.ndarray, right: np.ndarray) -> Int[np.ndarray, " nodes"]:
    """The nodes in an order in which each left child follows its parent. Trees that grew depth first have it."""
    inner = np.flatnonzero(left >= 0)
    if (left[inner] == inner + 1).all():
        return np.arange(len(left))
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if left[node] >= 0:
            waiting += [int(right[node]), int(left[node])]
    return np.array(order)


def _rounded_down(thresholds: np.ndarray) -> Float32[np.ndarray, " nodes"]:
    """The largest float32 up to each float64: a float32 number is below both or above both."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)
