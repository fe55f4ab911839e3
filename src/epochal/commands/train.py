"""`epochal train`: one rung by itself."""

from pathlib import Path
from typing import Any

import click

from epochal.commands.options import loading, reading, run_directory, say
from epochal.commands.tables import ByKind, read_as, tabular
from epochal.kinds.ladders import require


def _settings(context: click.Context, option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    settings = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(settings) < len(pairs):
        raise click.BadParameter(f"expected different NAME=VALUE, got {' '.join(pairs)}.", context, option)
    return settings


@click.command(cls=ByKind)
@click.argument("rung")
@click.argument("source")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", callback=_settings, help="A setting of the recipe."
)
@click.option("--budget", default="5m", show_default=True, metavar="DURATION", help="Time, such as 90s, 20m or 1h30m.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Decides the random choices.")
@click.option("--out", type=click.Path(path_type=Path), help="The run directory.  [default: runs/RUNG-NAME]")
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="DIRECTORY", help="Continue the training in DIRECTORY."
)
@tabular
@reading
def train(rung: str, source: str, task: str, out: Path | None, resume: Path | None, **values: Any) -> int:
    """Train RUNG on SOURCE and bundle it. The test split stays sealed.

    \b
    epochal train resnet photos/ --set depth=20 --budget 10m
    epochal train forest customers.csv --label churned
    """
    told = task if values["image"] is None else "image"
    require([rung], "rung", source=source, task=told)  # before anything is imported that takes a while
    from epochal.study.single import train_rung

    task, options = read_as(source, task, values)
    directory = run_directory(out, resume)
    run, bundle = train_rung(
        rung,
        source,
        options=options,
        task=task,
        out=directory,
        resume=resume is not None,
        progress=say,
        loading=loading(),
        **values,
    )
    if bundle is None:
        click.echo(f"{rung}: {run.status}. {run.message}", err=True)
        return 1
    from epochal.judge.verdict_text import value
    from epochal.kinds.table import kind_of

    metric = kind_of(bundle.task).goal.watched
    click.echo(
        f"{rung}: validation {metric.title} {value(run.scores['score'], metric, digits=2)} after "
        f"{run.cost.examples:,} examples in {run.cost.seconds:.1f} s, {run.cost.parameters:,} parameters"
    )
    click.echo(f"Bundle: {bundle.folder}")
    return 0
