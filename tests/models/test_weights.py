"""Fitted models in files: what is read is what was written, whatever the layout of an array in memory."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import safetensors.numpy

from epochal.models.weights import TENSORS, model_files


def test_an_array_in_columns_is_written_as_it_reads(tmp_path: Path) -> None:
    """LAPACK returns matrices whose columns are contiguous; the file's format knows rows only."""
    table = np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4))
    arrays = {"weights": table, "turned": table.T, "every": table[:, ::2], "number": np.array(3)}
    model = SimpleNamespace(arrays=lambda: arrays, estimators=dict)
    (tmp_path / TENSORS).write_bytes(model_files(model)[TENSORS])
    found = safetensors.numpy.load_file(tmp_path / TENSORS)
    for name, expected in arrays.items():
        assert found[name].shape == expected.shape and (found[name] == expected).all(), name
