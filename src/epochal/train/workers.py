"""Several trainings side by side, each in a process of its own with one thread.

Small networks gain little from a second thread (its waits cost what it brings), but two of them run side by side at
nearly full speed each. The processes are forked, so they share the data set's memory; each has one thread, which is
what makes forking safe after OpenMP has run, and its results the same on any number of cores.

They are forked without `multiprocessing.Process`, which gives no children to a daemonic process, as the workers of a
`Pool` and of many task queues are, because it could leave them behind: these end by themselves when their parent does.
"""

import ctypes
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, cast

import torch
from threadpoolctl import threadpool_limits

from epochal.core.errors import BundleError, RungError, UserError
from epochal.train.device import device

MOST = 8  # processes: each has its own activations in memory
TICK = 2.0  # seconds between two calls of `tick`
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h


def side_by_side() -> int:
    """How many trainings run at a time here: one a core, but one in all on a GPU and where processes cannot fork."""
    if device() != "cpu" or not hasattr(os, "fork") or sys.platform == "darwin":
        return 1
    return min(torch.get_num_threads(), MOST)


def share(jobs: int, workers: int) -> float:
    """Time that each of `jobs` jobs gets in parallel, relative to running them one by one in the same total time."""
    return jobs / math.ceil(jobs / workers) if jobs else 1.0


def run_side_by_side(
    jobs: Sequence[Callable[[], Any]],
    done: Callable[[int, Any], None],
    *,
    workers: int,
    tick: Callable[[], None] = lambda: None,
    failed: Callable[[int, Exception], None] | None = None,
) -> None:
    """Run every job, at most `workers` at a time, and call `done(number, result)` as each ends.

    One job alone, or with one worker, runs here with all threads. `tick` is called now and then while others work.
    `failed(number, error)` is called for a job that fails by itself, and the others continue.

    Raises:
        KeyboardInterrupt: the user asked to stop; every job was asked to, and has kept its state.
        UserError: what a job raised that is one of all jobs (`of_all`), such as a full disk; the others were stopped.
        Exception: any other that a job raised, where there is nobody to tell.
    """

    def end(number: int, answer: Callable[[], Any]) -> None:
        try:
            result = answer()
        except Exception as error:
            if failed is None or of_all(error):
                raise
            failed(number, error)
        else:
            done(number, result)

    if workers == 1 or len(jobs) == 1:
        for number, job in enumerate(jobs):
            end(number, job)
            tick()
        return
    import_once()
    waiting = list(enumerate(jobs))
    running: dict[Connection, tuple[int, int]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                number, job = waiting.pop(0)
                connection, process = _fork(job)
                running[connection] = (number, process)
            for connection in cast(list[Connection], wait(list(running), timeout=TICK)):
                number, process = running.pop(connection)
                end(number, partial(_result, connection, process))
            tick()
    except BaseException:
        for _, process in running.values():  # asked once, a training keeps its state between two steps, and ends
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGINT)
        for _, process in running.values():
            _wait(process)
        raise


def of_all(error: Exception) -> bool:
    """Whether an error of one job is one of all jobs, such as a full disk, which the user can mend. What a rung does
    wrong, or files that hold no rung, harm no other."""
    return isinstance(error, UserError) and not isinstance(error, RungError | BundleError)


def import_once() -> None:
    """Import what an optimiser imports when it is first made: two seconds, which every process would spend anew."""
    import torch._dynamo  # noqa: F401


def _fork(job: Callable[[], Any]) -> tuple[Connection, int]:
    """Start a worker: the connection on which its result comes, and its process id."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if not process:
        try:
            ours.close()
            _work(job, theirs)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:  # none of the caller's frames or exit handlers may run a second time, whatever happened
            os._exit(0)
    theirs.close()
    return ours, process


def _work(job: Callable[[], Any], connection: Connection) -> None:
    """The life of a worker: one job, with one thread, and its result sent back."""
    os.setpgrp()  # the terminal's Ctrl-C goes to the parent alone, which passes it on once
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _keep_freed_memory()
    with threadpool_limits(1):
        try:
            answer = (True, job())
        except BaseException as error:
            error.add_note(traceback.format_exc())  # which is lost on the way
            answer = (False, error)
    try:
        connection.send(answer)
    except Exception as error:  # an exception that cannot be pickled
        connection.send((False, RuntimeError(f"{type(answer[1]).__name__}: {answer[1]} ({error})")))
    connection.close()


def _keep_freed_memory() -> None:
    """Let the allocator keep what a step frees for the next step, in place of giving it back to the system, which hands
    it out again page by page: networks at 28x28 train 1.02 to 1.3 times as fast (`bench/worker_memory.py`). All of it
    goes back when the worker ends. Without glibc nothing changes.
    """
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _end_with_parent() -> None:
    """A worker whose parent was killed must not keep writing into a directory that another climb may open."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def _result(connection: Connection, process: int) -> Any:
    try:
        fine, answer = connection.recv()
    except EOFError:
        code = _wait(process)
        raise RuntimeError(
            f"A training process crashed (exit code {code}), perhaps out of memory. Try a smaller --size."
        ) from None
    finally:
        connection.close()
    _wait(process)
    if not fine:
        raise answer
    return answer


def _wait(process: int) -> int | None:
    """The exit code of a worker once it has ended, negative for a signal; None where the caller's own handling of
    SIGCHLD took it first."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    except ChildProcessError:
        return None
