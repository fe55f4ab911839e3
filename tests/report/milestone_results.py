"""Milestones and results to draw: one of each verdict, of each kind of check and of picture, and hostile ones."""

import base64
import io

from PIL import Image

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, REFUTED, Check, MilestoneResult, Picture, Series
from epochal.core.experiment import EQUIVALENT
from epochal.judge.claim_text import sentence
from epochal.study.milestone import MADE, Measured, Milestone

HOSTILE = "</style><script>alert('x')</script>&\"'<b>"
LONG = "a network with a name that goes on and on " * 4


def png(shade: int = 128) -> str:
    memory = io.BytesIO()
    Image.new("L", (8, 8), shade).save(memory, "PNG")
    return "data:image/png;base64," + base64.b64encode(memory.getvalue()).decode()


def check(verdict=CONFIRMED, **options) -> Check:
    fields = {
        "question": "Do shortcuts make 56 layers train?",
        "kind": "difference",
        "unit": "training accuracy",
        "control": "plain",
        "arm": "residual",
        "control_mean": 0.57,
        "arm_mean": 1.0,
        "effect": 0.43,
        "interval": (0.381, 0.479),
        "simultaneous": (0.37, 0.49),
        "predicted": "more",
        "size": 0.1,
        "margin": 0.01,
        "verdict": verdict,
        "seeds": 5,
        "items": 359,
        "percent": True,
    }
    return Check(**(fields | options))


ALONE = {"control": "", "control_mean": None, "margin": 0.0, "items": None}
RATIO = {
    "kind": "ratio",
    "percent": False,
    "effect": 0.095,
    "interval": (0.08, 0.11),
    "simultaneous": (0.07, 0.12),
    "size": 2.0,
    "margin": 1.1,
    "items": None,
}
CHECKS = {
    "difference": check(),
    "less": check(predicted="less", effect=-0.4, interval=(-0.5, -0.3), simultaneous=(-0.52, -0.28)),
    "same": check(EQUIVALENT, predicted="same", effect=0.001, interval=(-0.004, 0.006), simultaneous=(-0.005, 0.007)),
    "ratio": check(**RATIO, predicted="less"),
    "ratio more": check(REFUTED, **RATIO),
    "ratio same": check(INCONCLUSIVE, **RATIO, predicted="same"),
    "share": check(
        **ALONE, kind="share", effect=0.8, interval=(0.71, 0.87), simultaneous=(0.7, 0.88), size=0.5, seeds=100
    ),
    "value": check(
        INCONCLUSIVE,
        **ALONE,
        kind="value",
        percent=False,
        effect=3.2,
        interval=(2.5, 3.9),
        simultaneous=(2.4, 4.0),
        size=3.0,
    ),
    "exact": check(
        **ALONE, kind="exact", percent=False, effect=14.0, interval=(14.0,) * 2, simultaneous=(14.0,) * 2, size=14.0
    ),
    "no spread": check(effect=0.0, interval=(0.0, 0.0), simultaneous=(0.0, 0.0), size=0.0, margin=0.0),
}


def series(label="residual", role="arm", n=8, **options) -> Series:
    x = tuple(float(index) for index in range(n))
    y = tuple(0.1 + 0.1 * index for index in range(n))
    bounds = {"low": tuple(v - 0.05 for v in y), "high": tuple(v + 0.05 for v in y)}
    return Series(**({"label": label, "role": role, "x": x, "y": y} | bounds | options))


def drawn(kind="lines", *shown: Series, **options) -> Picture:
    fields = {"title": "How well each fits", "caption": "Mean of the seeds.", "x_label": "examples", "y_label": "error"}
    return Picture(kind=kind, series=shown, **(fields | options))


PICTURES = {
    "lines": drawn("lines", series("plain", "control"), series(), series("paper", "published"), percent=True),
    "log": drawn("lines", series(x=(0.0, 1.0, 100.0), y=(0.0, 1e-6, 10.0), low=(), high=()), log_x=True, log_y=True),
    "named places": drawn("lines", series(n=3), ticks=("first", "second", "third")),
    "one point": drawn("lines", series(n=1)),
    "bars": drawn("bars", series(n=3), series("plain", "control", n=3), ticks=("AND", LONG, "XOR"), percent=True),
    "bars below zero": drawn("bars", series(n=2, y=(-0.2, 0.3), low=(-0.3, 0.2), high=(-0.1, 0.4))),
    "bars on a logarithm": drawn("bars", series(n=3, y=(0.0, 1.0, 1e4), low=(), high=()), log_y=True),
    "grid": drawn("grid", series("0.01", n=5), series("0.1", n=4), ticks=("a", "b", "c", "d", "e"), percent=True),
    "dense grid": drawn("grid", *(series(f"row {n}", n=28, y=(0.5,) * 28, low=(), high=()) for n in range(28))),
    "images": drawn("images", images=(png(0), png(255)), ticks=("black", "white")),
    "many": drawn("lines", *(series(f"{n} {LONG}", y=tuple(0.01 * n + v for v in range(8))) for n in range(12))),
    "level": drawn("lines", series(y=(0.5,) * 8, low=(0.5,) * 8, high=(0.5,) * 8)),
}
NOTHING = {
    "no series": drawn("lines"),
    "empty series": drawn("lines", series(n=0)),
    "no bars": drawn("bars", ticks=("a", "b")),
    "no grid": drawn("grid"),
    "no images": drawn("images"),
    "not finite": drawn("lines", series(n=2, y=(float("nan"), float("inf")), low=(), high=())),
}


def milestone(name="residual-depth", year=2015, **options) -> Milestone:
    fields = {
        "title": "A hundred layers train",
        "claim": "Plain networks get harder to train as they get deeper; with shortcuts, depth helps.",
        "paper": "He, Zhang, Ren & Sun, Deep residual learning for image recognition, CVPR 2016",
        "published": "8.75% at 20 layers, 6.43% at 110 (Table 6)",
        "setting": "scikit-learn's digits, 15 passes",
        "differs": "1,079 images of 8x8 pixels instead of 50,000 of 32x32",
        "minutes": 2,
        "data": "digits",
        "measure": measure,
    }
    return Milestone(name=name, year=year, **(fields | options))


def measure(lab) -> Measured:
    """Named here so that pages can show this module as the experiment's source."""
    return Measured(questions=())


def result(name="residual-depth", verdict=CONFIRMED, **options) -> MilestoneResult:
    checks = options.pop("checks", (check(verdict),))
    fields = {
        "sentence": sentence(verdict, checks),
        "checks": checks,
        "pictures": (PICTURES["lines"],),
        "notes": ("plain: 1 of 5 trainings diverged.",),
        "data": "digits",
        "published_data": True,
        "seeds": (0, 1, 2, 3, 4),
        "scale": 1.0,
        "seconds": 95.0,
        "started": "2026-11-26T02:10:00+00:00",
        "command": f"epochal milestone run {name} --seeds 5",
        "environment": {"device": "A Processor", "cores": "2", "python": "3.11.8", "epochal": "0.1.0"},
    }
    return MilestoneResult(name=name, verdict=verdict, **(fields | options))


def history() -> tuple[list[Milestone], dict[str, MilestoneResult]]:
    """A milestone for each verdict and each picture, one without pictures, and one that was not run."""
    milestones = [
        milestone("perceptron", 1958, title="A machine that learns", data=""),
        milestone("lenet", 1989, title="The same eyes everywhere"),
        milestone("relu", 2010, title="The rectifier"),
        milestone("dropout", 2012, title="Leaving some out"),
        milestone("depth", 2012, title="Deeper"),
        milestone(),
    ]
    results = {
        "perceptron": result("perceptron", checks=(CHECKS["exact"], CHECKS["share"]), pictures=(), data=MADE),
        "lenet": result("lenet", INCONCLUSIVE, pictures=tuple(PICTURES.values()), checks=tuple(CHECKS.values())),
        "relu": result("relu", REFUTED, scale=0.5, pictures=(PICTURES["bars"],)),
        "dropout": result("dropout", EQUIVALENT, published_data=False, data="photos", pictures=tuple(NOTHING.values())),
        "residual-depth": result(pictures=(PICTURES["images"], PICTURES["grid"])),
    }
    return milestones, results


def hostile() -> tuple[list[Milestone], dict[str, MilestoneResult]]:
    """Everything that a user, a data set or a paper names is markup."""
    words = dict.fromkeys(("title", "claim", "paper", "published", "setting", "differs"), HOSTILE)
    checks = (check(question=HOSTILE, unit=HOSTILE, control=HOSTILE, arm=HOSTILE),)
    shown = tuple(
        picture.replace(
            title=HOSTILE,
            caption=HOSTILE,
            x_label=HOSTILE,
            y_label=HOSTILE,
            ticks=(HOSTILE,) * 3,
            series=tuple(each.replace(label=HOSTILE) for each in picture.series),
            images=(*picture.images, f'"onerror="{HOSTILE}', "https://example.org/x.png"),
        )
        for picture in PICTURES.values()
    )
    made = result(
        "hostile",
        checks=checks,
        pictures=shown,
        notes=(HOSTILE,),
        data=HOSTILE,
        command=HOSTILE,
        started=HOSTILE,
        environment={HOSTILE: HOSTILE, "device": HOSTILE},
    )
    return [milestone("hostile", **words)], {"hostile": made}
