"""The store of a run directory: what has been decided and finished, in SQLite, and the files that go with it."""

import io
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from epochal.core.errors import RunDirectoryError, UserError
from epochal.core.run import Run
from epochal.train.checkpoint import Checkpoints, cannot_write, write_atomically

INDEX, LOCK = "index.sqlite", "lock"
FORMAT = 1  # of run directories; those of before it was counted say 0. Higher where the one before cannot be continued
PATIENCE = 3.0  # seconds to wait for a lock
BEFORE_DATA = frozenset({"settings", "options", "ended", "started"})  # decisions that are made before data is read
OF_ITS_TIME = frozenset({"started", "spent", "ended", "weights"})  # decisions that another run cannot share
HERE = "<run>"  # what stands in the index for the run directory

_SCHEMA = """
create table if not exists decisions (name text primary key, value text not null);
create table if not exists runs (name text primary key, record text not null, finished real not null);
create table if not exists points (run text, step integer, examples integer, metric text, value real,
                                   primary key (run, step, metric));
"""


class Store:
    """One run directory. Everything in it was either finished or is not there.

    The index is SQLite in WAL mode: it can be read while a climb runs. `decisions` keep what was measured or
    chosen along the way (budgets in examples, finalists), so that a resumed climb goes the same way. No connection
    stays open between two calls, so that a store can cross a fork. The directory may be moved between two processes:
    paths that lie in it are kept relative to it.
    """

    def __init__(self, directory: Path):
        self.directory = directory

    def decide(self, name: str, choose: Callable[[], Any]) -> Any:
        """What was decided under this name; where nothing was, `choose` now and keep it. Values are plain data."""
        known = self._read("select value from decisions where name = ?", name)
        if known:
            return self._opened(known[0][0])
        value = choose()
        self.put(name, value)
        return value

    def put(self, name: str, value: Any) -> None:
        self._write("insert or replace into decisions values (?, ?)", [(name, self._packed(value))])

    def get(self, name: str, default: Any = None) -> Any:
        known = self._read("select value from decisions where name = ?", name)
        return self._opened(known[0][0]) if known else default

    def take_decisions(self, other: "Store") -> None:
        """Begin with what another run decided, but for the times at which it did so and what failed there."""
        rows = other._read("select name, value from decisions where name not like 'failed/%'")
        self._write("insert or ignore into decisions values (?, ?)", [row for row in rows if row[0] not in OF_ITS_TIME])

    def names(self) -> set[str]:
        """What has been decided."""
        return {name for (name,) in self._read("select name from decisions")}

    def clear(self) -> None:
        """Forget everything; the files of the runs are left to who calls."""
        for table in ("decisions", "runs", "points"):
            self._write(f"delete from {table}", [()])

    def run(self, name: str) -> Run | None:
        """The finished run of that name."""
        known = self._read("select record from runs where name = ?", name)
        return Run.from_dict(self._opened(known[0][0])) if known else None

    def runs(self) -> dict[str, Run]:
        rows = self._read("select name, record from runs order by finished")
        return {name: Run.from_dict(self._opened(record)) for name, record in rows}

    def folder(self, name: str) -> Path:
        """Where the files of a run lie."""
        return self.directory / "runs" / name

    def checkpoints(self, name: str) -> Checkpoints:
        return Checkpoints(self.folder(name) / "checkpoints")

    def finish(self, name: str, run: Run, files: dict[str, bytes], arrays: dict[str, np.ndarray]) -> None:
        """Keep a finished run: its files first, then its record, which makes it count; then drop its checkpoints."""
        for file, data in files.items():
            write_atomically(self.folder(name) / file, data)
        self.keep_arrays(name, arrays)
        points = [
            (name, point.step, point.examples, metric, value)
            for point in run.curve
            for metric, value in point.values.items()
        ]
        self._write("delete from points where run = ?", [(name,)])  # of the same name with another recipe
        self._write("insert or replace into points values (?, ?, ?, ?, ?)", points)
        self._write("insert or replace into runs values (?, ?, ?)", [(name, self._packed(run.to_dict()), time.time())])
        self.checkpoints(name).clear()

    def keep_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays with the other files of a run."""
        for array, values in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, values)
            write_atomically(self.folder(name) / f"{array}.npy", buffer.getvalue())

    def arrays(self, name: str, prefix: str) -> dict[str, np.ndarray]:
        """The arrays of a run whose names begin so, under the rest of their names."""
        files = sorted(self.folder(name).glob(f"{prefix}*.npy"))
        return {file.stem.removeprefix(prefix): np.load(file, allow_pickle=False) for file in files}

    def require_format(self) -> None:
        """
        Raises:
            RunDirectoryError: another version of epochal began this directory, and kept its trainings in another way.
        """
        ((found,),) = self._read("pragma user_version")
        if found != FORMAT:
            raise RunDirectoryError(
                f"{self.directory} was begun by {'an earlier' if found < FORMAT else 'a later'} version of epochal, "
                "which keeps trainings in another way: this version cannot continue, repeat or refit it. What came of "
                "it opens as before. Begin again with another --out, or delete the directory."
            )

    def metrics(self) -> pd.DataFrame:
        """Every point of every curve: run, step, examples, metric, value."""
        rows = self._read("select * from points order by run, step, metric")
        return pd.DataFrame(rows, columns=["run", "step", "examples", "metric", "value"])

    def export(self, path: Path) -> Path:
        """The metrics as Parquet or JSON, by the ending of `path`."""
        writers: dict[str, Callable[[pd.DataFrame, io.BytesIO], object]] = {
            ".parquet": pd.DataFrame.to_parquet,
            ".json": lambda frame, to: to.write(json.dumps(frame.to_dict("records")).encode()),
        }
        if path.suffix not in writers:
            raise UserError(f"metrics: expected a file that ends in {' or '.join(writers)}, got {path.name}.")
        buffer = io.BytesIO()
        writers[path.suffix](self.metrics(), buffer)
        write_atomically(path, buffer.getvalue())
        return path

    def _packed(self, value: Any) -> str:
        """Plain data as JSON, in which `HERE` stands for this directory."""
        return json.dumps(_moved(value, os.path.abspath(self.directory), HERE))

    def _opened(self, text: str) -> Any:
        return _moved(json.loads(text), HERE, os.path.abspath(self.directory))

    def _read(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        path = self.directory / INDEX
        try:
            with _connected(path) as index:
                return index.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise _no_index(path, error) from error

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        try:
            with _connected(self.directory / INDEX) as index, index:
                index.executemany(statement, rows)
        except sqlite3.OperationalError as error:
            raise RunDirectoryError(
                f"Cannot write {self.directory / INDEX}: {error}. Finished runs are kept. "
                "If the disk is full, free some space; then continue with --resume."
            ) from error


def _moved(value: Any, before: str, after: str) -> Any:
    """Plain data whose paths in the folder `before` lie in the folder `after`."""
    if isinstance(value, str):
        return after + value.removeprefix(before) if value.startswith(before + os.sep) else value
    if isinstance(value, Mapping):
        return {key: _moved(each, before, after) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(each, before, after) for each in value]
    return value


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    if path.is_file() and not os.access(path.parent, os.W_OK):  # no process can write there, nor make SQLite's lock
        index = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    else:
        index = sqlite3.connect(path, timeout=30)
    index.execute("pragma synchronous=full")
    try:
        yield index
    finally:
        index.close()


def _prepare(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _connected(path) as index:
            index.execute("pragma journal_mode=wal")
            index.executescript(_SCHEMA)
            ((used,),) = index.execute("select exists (select 1 from decisions) or exists (select 1 from runs)")
            if not used:
                index.execute(f"pragma user_version = {FORMAT}")
    except OSError as error:
        raise cannot_write(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _no_index(path, error) from error


def _no_index(path: Path, error: sqlite3.DatabaseError) -> RunDirectoryError:
    return RunDirectoryError(
        f"{path} cannot be opened as a run index: {error}. Give the directory of a climb, or a new one with --out."
    )


def _take(lock: IO[str]) -> None:
    """Lock the directory. The workers of a climb that was killed hold its lock until they notice: wait for them."""
    import fcntl

    end = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@contextmanager
def open_store(directory: Path) -> Iterator[Store]:
    """The store of `directory`, for this process alone. A block that fails before any training was begun leaves nothing
    behind that was not there before, so that the same command can be given again once its fault is mended.

    Raises:
        RunDirectoryError: another process is writing there, the folder cannot be written, or another version of epochal
            began it, and kept its trainings in another way.
    """
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = open(directory / LOCK, "a+")  # noqa: SIM115 (held until the block ends)
    except OSError as error:
        _remove_empty(made)
        raise cannot_write(directory, error) from error
    with lock:
        try:
            _take(lock)
        except OSError as error:
            lock.seek(0)
            raise RunDirectoryError(
                f"{directory} is in use by process {lock.read().strip() or 'unknown'}. "
                "Wait for it to end, or choose another directory with --out."
            ) from error
        fresh = not (directory / INDEX).exists()
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            _prepare(directory / INDEX)
            store = Store(directory)
            store.require_format()
            yield store
        except BaseException as error:
            if fresh and not _begun(directory, interrupted=isinstance(error, KeyboardInterrupt)):
                for name in (INDEX, f"{INDEX}-wal", f"{INDEX}-shm", LOCK):
                    (directory / name).unlink(missing_ok=True)
                shutil.rmtree(directory / "runs", ignore_errors=True)  # folders without a file
                _remove_empty(made)
            raise


def _begun(directory: Path, *, interrupted: bool) -> bool:
    """Whether a run directory holds anything to continue from: a training or its checkpoint or, of a run that was
    interrupted, what it has decided from its data."""
    store = Store(directory)
    try:
        trained = bool(store.runs()) or any(path.is_file() for path in (directory / "runs").rglob("*"))
        return trained or (interrupted and bool(store.names() - BEFORE_DATA))
    except (OSError, RunDirectoryError):
        return (directory / "runs").exists()


def _remove_empty(folders: list[Path]) -> None:
    """Remove these folders, innermost first, as far as they are there and hold nothing."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
