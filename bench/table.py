"""How long a large table takes to read, check, split and encode, and how much memory, against pandas' own reader.

    python bench/table.py [--rows 1000000]

The table has 20 columns: numbers of several kinds, categories of 2 to 10,000 levels, yes and no, dates, a key and a
label. Times are of the processor, the least of three runs in turn; memory is the peak of the process above what it
was before.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

PANDAS, OURS = "pandas' C engine", "open_table"


def table(rows: int) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    columns: dict[str, object] = {f"real{i}": (generator.normal(size=rows) * 10).round(4) for i in range(6)}
    columns |= {f"whole{i}": generator.integers(0, 1_000, rows) for i in range(3)}
    columns["money"] = np.exp(generator.normal(size=rows) * 1.5).round(2)
    columns["gaps"] = np.where(generator.random(rows) < 0.1, np.nan, generator.random(rows).round(5))
    for place, levels in enumerate((2, 5, 12, 50, 10_000)):
        names = np.array([f"level_{level}" for level in range(levels)])
        columns[f"category{place}"] = names[generator.integers(0, levels, rows)]
    columns["flag"] = np.array(["yes", "no"])[generator.integers(0, 2, rows)]
    seconds = pd.to_timedelta(generator.integers(0, 150_000_000, rows), unit="s")
    columns["when"] = (pd.Timestamp("2015-01-01") + seconds).strftime("%Y-%m-%d %H:%M:%S")
    columns["key"] = [f"A{number:08d}" for number in generator.permutation(rows)]
    score = np.asarray(columns["real0"]) + generator.normal(size=rows) * 8
    columns["label"] = np.where(score > 3, "buys", "leaves")
    return pd.DataFrame(columns)


def measured(work: Callable[[], object]) -> tuple[float, float, int]:
    """Seconds of the processor, seconds on the clock, and the peak of memory in bytes above the start."""
    process, running, peak = psutil.Process(), True, 0
    start = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while running:
            peak = max(peak, process.memory_info().rss - start)
            time.sleep(0.005)

    thread = threading.Thread(target=watch)
    thread.start()
    processor, clock = time.process_time(), time.perf_counter()
    kept = work()
    seconds = time.process_time() - processor, time.perf_counter() - clock
    running = False
    thread.join()
    del kept
    return (*seconds, peak)


def main() -> None:
    from epochal.data.table.opened import open_table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder) / "table.csv", Path(folder) / "small.csv"
        frame = table(rows)
        deep = int(frame.memory_usage(deep=True).sum())
        frame.to_csv(path, index=False)
        frame.head(2_000).to_csv(small, index=False)
        del frame
        open_table(small), pd.read_csv(small)  # what is imported on the way is not measured
        runs: dict[str, list[tuple[float, float, int]]] = {PANDAS: [], OURS: []}
        for _ in range(3):
            runs[OURS].append(measured(lambda: open_table(path)))
            runs[PANDAS].append(measured(lambda: pd.read_csv(path)))
    processor = {name: min(run[0] for run in of) for name, of in runs.items()}
    clock = {name: min(run[1] for run in of) for name, of in runs.items()}
    print(f"{rows:,} rows x 20 columns, {deep / 1e6:,.0f} MB by memory_usage(deep=True)")
    for name, of in runs.items():
        peak = of[0][2] / 1e6  # later runs use memory that the process already has
        print(f"{name:18} processor {processor[name]:6.2f} s   clock {clock[name]:6.2f} s   peak {peak:6,.0f} MB")
    print(f"ratio: processor {processor[OURS] / processor[PANDAS]:.2f}, clock {clock[OURS] / clock[PANDAS]:.2f}")


if __name__ == "__main__":
    main()
