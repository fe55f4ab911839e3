"""Where the seconds of a climb go, rung by rung: measuring and looking against learning, and learning-rate trials.

Measuring a rung, the points of its curves and its scores together should cost at most a tenth of what learning costs,
and its trials at most a quarter of its time.

    python bench/shares.py --budget 3m            # climbs digits first
    python bench/shares.py runs/photos            # of a climb that was made before
"""

import argparse
import tempfile
from pathlib import Path

import epochal
from epochal.core.run import Run
from epochal.kinds.image_ladder import RUNGS
from epochal.kinds.rung import NETWORK
from epochal.train.store import Store

MOST_LOOKING, MOST_TRYING = 0.10, 0.25


def shares(store: Store) -> list[tuple[str, float, float, float, float]]:
    """(rung, measuring, looking, trying, learning) in seconds, for each network that was trained."""
    rows = []
    runs = store.runs()
    for name in [name for name, rung in RUNGS.items() if rung.kind == NETWORK]:
        own: list[Run] = [
            run for place, run in runs.items() if place.split("/")[:2] in (["qualifying", name], ["final", name])
        ]
        if not own:
            continue
        measuring = float(store.get(f"size/{name}")["measured"])
        trials = [store.get(key)["seconds"] for key in store.names() if key.startswith(f"qualifying/{name}/trial-")]
        looking = sum(run.cost.looking for run in own)
        learning = sum(run.cost.seconds for run in own) - looking
        rows.append((name, measuring, looking, float(sum(trials)), learning))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path, help="the directory of a climb")
    parser.add_argument("--budget", default="3m", help="of the climb of digits, where none is given")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = asked.run or epochal.climb("digits", budget=asked.budget, out=Path(folder) / "run").directory
        rows = shares(Store(directory))
    print(
        f"{'rung':12}{'measuring':>11}{'looking':>9}{'trials':>8}{'learning':>10}{'both/learning':>15}{'trials/all':>12}"
    )
    for name, measuring, looking, trying, learning in rows:
        overhead, tried = (measuring + looking) / learning, trying / (measuring + looking + trying + learning)
        marks = ("" if overhead <= MOST_LOOKING else "  looks too much") + (
            "" if tried <= MOST_TRYING else "  tries too much"
        )
        print(
            f"{name:12}{measuring:10.2f}s{looking:8.2f}s{trying:7.2f}s{learning:9.2f}s{overhead:15.1%}{tried:12.1%}{marks}"
        )


if __name__ == "__main__":
    main()
