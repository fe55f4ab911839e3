"""Seconds per training step of epochal's loop, of a bare PyTorch loop, and of its peers: one table, from one run.

    python bench/loop.py --threads 1 --threads 2

Each loop lives in a process of its own, so that none pays for what another imported or cached. They take turns:
all once, then all again, each round beginning with the next, and each is compared with the bare loop of its own
round. While one works the others sleep.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

WARM = 20  # first steps of each training that are not counted: they fill caches and choose kernels
# The check that all loops learn the same: its examples, its steps (more let rounding grow), and its tolerance.
CHECKED, CHECK_STEPS, TOLERANCE = 256, 12, 0.001
RATES = {"mlp": 0.05, "lenet": 0.02, "resnet": 0.05}


def main() -> None:
    options = parse()
    jobs = [
        {
            "network": network,
            "count": options.examples,
            "batch_size": options.batch_size,
            "epochs": options.epochs,
            "learning_rate": RATES[network],
        }
        for network in options.network
    ]
    results: list[dict[str, Any]] = []
    workers = {name: Worker(name, max(options.threads)) for name in options.loops}
    try:
        for threads in options.threads:
            for job in jobs:
                results += rounds(workers, job | {"threads": threads}, options.repeats)
    finally:
        for worker in workers.values():
            worker.close()
    print(describe(options))
    for threads in options.threads:
        for job in jobs:
            chosen = [r for r in results if (r["threads"], r["network"]) == (threads, job["network"])]
            print(table(chosen, job, threads))
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, action="append", help="threads of torch; may be repeated (1 and 2)")
    parser.add_argument("--network", action="append", choices=list(RATES), help="may be repeated (all)")
    parser.add_argument("--loops", help="names, comma-separated (all those whose library is installed)")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--examples", type=int, default=8000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--json", help="also write every measurement here")
    options = parser.parse_args()
    options.load = os.getloadavg()[0]
    options.threads = options.threads or [1, 2]
    options.network = options.network or list(RATES)
    if options.examples % options.batch_size:
        parser.error("--examples must be a multiple of --batch-size, so that every loop makes the same steps")
    if options.epochs * options.examples // options.batch_size <= 2 * WARM:
        parser.error(f"these make too few steps: {WARM} are warm-up, and more than that must be left to count")
    from peers import PEERS

    installed = [name for name, (_, package, _) in PEERS.items() if of(package)]
    options.loops = options.loops.split(",") if options.loops else installed
    unknown = sorted(set(options.loops) - set(installed))
    if unknown:
        parser.error(
            f"no such loop, or its library is not installed: {', '.join(unknown)}; have {', '.join(installed)}"
        )
    if "bare" not in options.loops:
        options.loops.insert(0, "bare")
    return options


def rounds(workers: dict[str, "Worker"], job: dict[str, Any], repeats: int) -> list[dict[str, Any]]:
    """`repeats` rounds of all loops, each beginning with another, after a check that they do the same arithmetic.

    The check is a training in which one batch holds all the data, so that its order cannot matter: every loop must
    come to the loss of the bare one. It also makes each process import and allocate what it needs.
    """
    names, results = list(workers), []
    alike = job | {"count": CHECKED, "batch_size": CHECKED, "epochs": CHECK_STEPS}
    say(f"{job['network']}, {job['threads']} thread(s): checking that all loops learn the same")
    losses = {name: workers[name].ask(alike)["loss"] for name in names}
    for name, loss in losses.items():
        if abs(loss - losses["bare"]) > TOLERANCE * losses["bare"]:
            sys.exit(f"{name} does other work: a loss of {loss} where the bare loop has {losses['bare']}.")
    for number in range(repeats):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            say(f"{job['network']}, {job['threads']} thread(s), round {number + 1} of {repeats}: {name}")
            answer = workers[name].ask(job)
            results.append(
                {"loop": name, "threads": job["threads"], "network": job["network"], "round": number} | answer
            )
    return results


def table(results: list[dict[str, Any]], job: dict[str, Any], threads: int) -> str:
    """Milliseconds a step (median, lowest and highest round) and the ratio to the bare loop of the same round."""
    from peers import PEERS

    by_loop: dict[str, list[dict[str, Any]]] = {}
    for result in sorted(results, key=lambda result: result["round"]):
        by_loop.setdefault(result["loop"], []).append(result)
    steps = job["epochs"] * job["count"] // job["batch_size"]
    lines = [
        f"\n{job['network']}, {threads} thread(s): {steps} steps of {job['batch_size']}, {len(by_loop['bare'])} rounds",
        f"{'loop':24}{'ms/step':>9}{'lowest':>9}{'highest':>9}{'ratio':>8}{'lowest':>8}{'highest':>8}"
        f"{'typical':>9}{'loss':>8}",
    ]
    for name, answers in by_loop.items():
        milliseconds = [1000 * answer["mean"] for answer in answers]
        ratios = [mine["mean"] / bare["mean"] for mine, bare in zip(answers, by_loop["bare"], strict=True)]
        typical = [mine["typical"] / bare["typical"] for mine, bare in zip(answers, by_loop["bare"], strict=True)]
        lines.append(
            f"{PEERS[name][0]:24}{statistics.median(milliseconds):9.3f}{min(milliseconds):9.3f}{max(milliseconds):9.3f}"
            f"{statistics.median(ratios):8.3f}{min(ratios):8.3f}{max(ratios):8.3f}{statistics.median(typical):9.3f}"
            f"{answers[-1]['loss']:8.3f}"
        )
    return "\n".join(lines)


def describe(options: argparse.Namespace) -> str:
    """What must be known to read the numbers: the command, the machine and the versions."""
    from peers import PEERS

    packages = dict.fromkeys(package for package in (PEERS[name][1] for name in options.loops) if of(package))
    try:
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        processor = names[0].split(":", 1)[1].strip()
    except (OSError, IndexError):
        processor = platform.processor() or platform.machine()
    return "\n".join(
        [
            f"command: python {' '.join(sys.argv)}",
            f"machine: {processor}, {os.cpu_count()} cores, {platform.system()}; load before {options.load:.2f}",
            f"versions: python {platform.python_version()}, " + ", ".join(f"{p} {of(p)}" for p in packages),
            "ms/step: the median round's mean, then the lowest and highest. ratio: to the bare loop of the same round;",
            f"'typical' is that ratio for the median step instead of the mean. The first {WARM} steps do not count.",
            "loss: on training examples after the last round; it varies a little with the order of the data.",
            f"Before that, each learned from one whole batch of {CHECKED}, to within {TOLERANCE:.1%} of the bare loss.",
        ]
    )


def of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Worker:
    """A process that owns one loop and trains whenever it is asked."""

    def __init__(self, name: str, most_threads: int):
        for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[variable] = str(most_threads)
        os.environ |= {"KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
        self.name = name
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, name), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        self.pipe.send(job)
        try:
            answer = self.pipe.recv()
        except EOFError:
            sys.exit(f"The process of {self.name} ended before it answered.")
        if "error" in answer:
            sys.exit(f"{self.name} failed:\n{answer['error']}")
        return answer

    def close(self) -> None:
        self.pipe.close()
        self.process.join(10)


def serve(pipe: Connection, name: str) -> None:
    """Train as asked, until the other end is closed."""
    import torch

    from networks import digits, loss_of
    from peers import PEERS, Job

    loop = PEERS[name][2]
    cached: dict[int, Any] = {}
    while True:
        try:
            asked = pipe.recv()
        except EOFError:
            return
        try:
            torch.set_num_threads(asked.pop("threads"))
            count = asked.pop("count")
            images, targets = cached[count] = cached.get(count) or digits(count)
            job = Job(images=images, targets=targets, **asked)
            probe = loop(job)
            times = probe.times
            if len(times) != job.steps:
                raise AssertionError(f"{name} made {len(times)} steps, expected {job.steps}")
            warm = min(WARM, len(times) // 2)
            gaps = [after - before for before, after in pairwise(times[warm:])]
            answer: dict[str, Any] = {
                "mean": statistics.fmean(gaps),
                "typical": statistics.median(gaps),
                "loss": loss_of(probe, images, targets),
            }
        except Exception:
            answer = {"error": traceback.format_exc()}
        pipe.send(answer)


if __name__ == "__main__":
    main()
