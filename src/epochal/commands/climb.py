"""`epochal climb`: the ladder of approaches on the user's labelled data."""

from pathlib import Path
from typing import Any

import click

from epochal.commands.options import command_line, loading, reading, run_directory, say, show_climb
from epochal.commands.tables import ByKind, read_as, tabular
from epochal.kinds.ladders import require


@click.command(cls=ByKind)
@click.argument("source")
@click.option("--budget", metavar="DURATION", help="Time for everything, such as 90s, 20m or 1h30m.  [default: 20m]")
@click.option("--seeds", type=int, metavar="N", help="Trainings of each rung.  [default: 3]")
@click.option("--seed", type=int, metavar="N", help="The first seed; the others follow it.  [default: 0]")
@click.option("--out", type=click.Path(path_type=Path), help="The run directory.  [default: runs/NAME]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIRECTORY", help="Continue the climb in DIRECTORY.")
@click.option(
    "--rungs", metavar="A,B,C", help="Rungs to climb; `epochal ladder KIND` lists them.  [default: the ladder]"
)
@click.option(
    "--rung",
    "theirs",
    multiple=True,
    metavar="NAME",
    help="A rung after the others: xgboost, lightgbm or catboost (pip install 'epochal[boosting]'), or one of yours: "
    "mine.py:MyNet, sklearn.ensemble:ExtraTreesClassifier. Repeatable.",
)
@click.option("--trials", type=int, metavar="N", help="Learning rates tried for each network.  [default: 3]")
@click.option(
    "--metric",
    metavar="NAME",
    help="Metric by which rungs are compared and chosen. Of classes: accuracy, balanced-accuracy, macro-f1, auroc, "
    "average-precision or log-loss; of numbers: r2, mae or rmse.  [default: accuracy, r2]",
)
@click.option(
    "--cost",
    metavar="COSTS",
    help='In place of --metric, for two classes: what each mistake costs, such as "miss=500 alarm=20".',
)
@click.option("--positive", metavar="CLASS", help="Of two classes, the one to be found.  [default: the rarer]")
@click.option(
    "--margin",
    type=float,
    metavar="NUMBER",
    help="Differences below this do not matter.  [default: 0.005, half a point, for accuracy]",
)
@click.option(
    "--hand-made",
    multiple=True,
    metavar="COLUMN",
    help="A column that you made of others. The report says what machine learning and deep learning each lose without "
    "it. Repeatable.",
)
@click.option(
    "--pretrained",
    metavar="WEIGHTS",
    help="Weights of a residual network, with which two more rungs begin: a bundle, a file, or a published name such "
    "as resnet50-weights.",
)
@click.option(
    "--repeat",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Train again as the climb in RUN did: the same members, learning rates and numbers of examples.",
)
@click.option("--dry-run", is_flag=True, help="Measure the rungs, print the plan, and stop. Nothing is trained.")
@tabular
@reading
def climb(source: str, task: str, resume: Path | None, dry_run: bool, **values: Any) -> int:
    """Run the ladder of approaches on SOURCE, and bundle the best.

    SOURCE is a folder of images with a subfolder for each class, a list of images (CSV or Parquet), IDX or NumPy files,
    a table (CSV, Parquet or JSON lines), or a named set (`epochal data list`). Of a table, classes or a number are
    predicted, as the label's column holds. The test split is opened once, after the choice.

    \b
    epochal climb photos/ --budget 20m --seeds 3 --out runs/photos
    epochal climb labels.csv --image path --label species --group patient
    epochal climb customers.csv --label churned
    epochal climb houses.parquet --label price --metric mae
    epochal climb scans/ --metric auroc          # or --cost "miss=500 alarm=20"
    epochal climb photos/ --pretrained runs/cifar10/bundle
    epochal climb customers.csv --rung sklearn.ensemble:ExtraTreesClassifier --rung mine.py:MyNet
    epochal climb customers.csv --rung lightgbm --rung xgboost --rung catboost
    epochal climb photos/ --resume runs/photos
    """
    if values["rungs"]:
        values["rungs"] = tuple(word.strip() for word in values["rungs"].split(","))
        told = task if values["image"] is None else "image"
        # Before anything is imported that takes a while.
        require(values["rungs"], pretrained=values["pretrained"] is not None, source=source, task=told)

    refuse_dry(dry_run, repeat=values["repeat"], resume=resume)

    from epochal.study.ladder import climb as run
    from epochal.study.ladder import dry_run as rehearse

    task, options = read_as(source, task, values)
    out = values.pop("out")
    directory = run_directory(out, resume)
    if dry_run:
        given = {name: value for name, value in values.items() if value is not None}
        click.echo(rehearse(source, options=options, task=task, loading=loading(), **given).to_text())
        return 0
    climbed = run(
        source,
        options=options,
        task=task,
        out=directory,
        resume=resume is not None,
        progress=say,
        loading=loading(),
        command=command_line(),
        **values,
    )
    result = climbed.result
    show_climb(result)
    click.echo(f"\nReport: {climbed.report}")
    if result.chosen:
        click.echo(f"Bundle: {climbed.directory / 'bundle'}")
    if not result.complete:
        return 130
    return 0 if result.chosen else 1


def refuse_dry(dry_run: bool, **runs: Path | None) -> None:
    """
    Raises:
        UsageError: a dry run is asked for of a climb whose plan another run has made already.
    """
    if dry_run and (given := [name for name, run in runs.items() if run is not None]):
        raise click.UsageError(
            f"--dry-run plans a new climb, and --{given[0]} {runs[given[0]]} takes over what that run decided. Leave "
            "one of them out.",
            click.get_current_context(),
        )
