"""What the classical rungs of tables share: checks of rows, and how sure a leaf may be."""

import numpy as np
from jaxtyping import Float, Float32

from epochal.core.errors import DataError
from epochal.core.task import Task
from epochal.models.classical.shared import check_targets

# Of internal steps: see `shared.Logits`. Rows at rest hold NaN where a number is missing, and codes of categories;
# dense rows are what networks see, and hold neither.
Rows = Float32[np.ndarray, "batch columns"]
Outputs = Float32[np.ndarray, "batch outputs"]


def check_rows(rows: np.ndarray, columns: int) -> None:
    """Refuse rows of another kind or width.

    Raises:
        DataError: not float32, or not [batch, columns].
    """
    if rows.dtype != np.float32 or rows.shape[1:] != (columns,):
        raise DataError(
            f"Expected float32 rows of shape [batch, {columns}], got {rows.dtype} of shape {list(rows.shape)}. "
            "Encode them with the codec of the task."
        )


def check_training(rows: np.ndarray, targets: np.ndarray, columns: int, task: Task) -> None:
    """Refuse training rows that do not belong to the task.

    Raises:
        DataError: there are none, or their shape, number or targets differ from what the task says.
    """
    check_rows(rows, columns)
    check_targets(rows, targets, task)


def smoothed(shares: Float[np.ndarray, "leaves seen"], counts: np.ndarray) -> Float[np.ndarray, "leaves seen"]:
    """Shares of the classes in leaves that hold `counts` examples [leaves], with one more example of each class.

    A leaf of three examples of one class is not sure of it: Laplace's correction, which makes trees rank better
    (Provost & Domingos, "Tree induction for probability-based ranking", Machine Learning 52, 2003).
    """
    counts = counts[:, None]
    smooth: np.ndarray = (shares * counts + 1) / (counts + shares.shape[1])
    return smooth
