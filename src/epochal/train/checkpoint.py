"""Checkpoints: the whole state of a training in one file that is either good or passed over."""

import errno
import hashlib
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from epochal.core.errors import RunDirectoryError

KEPT = 2  # the newest, and the one to fall back to when the newest is torn
_NAME = re.compile(r"(\d{12})-([0-9a-f]{32})\.safetensors")  # of a checkpoint: its step, and the hash of its content


def write_atomically(path: Path, data: bytes) -> None:
    """All of `data` at `path`, or nothing: written to a file in the same folder, flushed to disk, then renamed.

    Raises:
        RunDirectoryError: the disk is full or the folder cannot be written; what was finished before is intact.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):  # there may be no folder to hold it
            temporary.unlink()
        raise cannot_write(path, error, len(data)) from error


def cannot_write(path: Path, error: OSError, size: int = 0) -> RunDirectoryError:
    """The error for a failed write, which tells a full disk from a folder that may not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return RunDirectoryError(
            f"The disk is full: {path.name} ({size / 1e6:.1f} MB) could not be written to {path.parent}. "
            "Finished runs are kept. Free some space, then continue with --resume."
        )
    return RunDirectoryError(f"Cannot write {path}: {error.strerror}. Choose another folder with --out.")


class Checkpoints:
    """A folder with the newest states of one training, each file named by its step and the hash of its content."""

    def __init__(self, folder: Path):
        self.folder = folder

    def write(self, step: int, state: dict[str, Any]) -> None:
        """Keep `state`: nested dicts and lists of plain values and tensors."""
        tensors: dict[str, Tensor] = {}
        plan = _take_tensors(state, tensors)
        data = save(tensors, metadata={"state": json.dumps(plan)})
        name = f"{step:012d}-{hashlib.sha256(data).hexdigest()[:32]}.safetensors"
        write_atomically(self.folder / name, data)
        others = [path for path in self._newest_first() if path.name != name]
        # A later step that is still here was torn, or the training would have continued from it.
        past = [path for path in others if path.name[:12] <= name[:12]]
        for path in others:
            if path not in past[: KEPT - 1]:
                path.unlink(missing_ok=True)
        self._sweep()

    def read(self) -> dict[str, Any] | None:
        """The newest state that is whole; None where there is none. Torn files are passed over."""
        for path in self._newest_first():
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest()[:32] != path.stem[-32:]:
                continue
            try:
                tensors = load(data)
            except SafetensorError:
                continue
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            return _give_tensors(json.loads(header["__metadata__"]["state"]), tensors)
        return None

    def clear(self) -> None:
        for path in self._newest_first():
            path.unlink(missing_ok=True)
        self._sweep()
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _newest_first(self) -> list[Path]:
        # Files of other names are not ours: they are neither read nor removed.
        return sorted((p for p in self.folder.glob("*.safetensors") if _NAME.fullmatch(p.name)), reverse=True)

    def _sweep(self) -> None:
        """Remove what processes left behind that were killed while they wrote."""
        for path in self.folder.glob(".*.safetensors.*.tmp"):
            path.unlink(missing_ok=True)


def _take_tensors(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """The tree with each tensor moved to `tensors` and its key left in its place; dict keys keep their type."""
    if isinstance(tree, Tensor):
        key = str(len(tensors))
        tensors[key] = tree.detach().cpu().contiguous().clone()  # cloned: safetensors refuses shared memory
        return {"tensor": key}
    if isinstance(tree, dict):
        return {"dict": [[key, _take_tensors(value, tensors)] for key, value in tree.items()]}
    if isinstance(tree, list | tuple):
        return {"list": [_take_tensors(value, tensors) for value in tree]}
    return {"value": tree}


def _give_tensors(plan: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    ((kind, content),) = plan.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _give_tensors(value, tensors) for key, value in content}
    if kind == "list":
        return [_give_tensors(value, tensors) for value in content]
    return content


def random_state() -> dict[str, Tensor]:
    """The state of every generator that a training may draw from."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: dict[str, Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])
