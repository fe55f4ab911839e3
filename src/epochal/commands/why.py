"""`epochal why`: which ingredients carry what a rung reaches on the user's data."""

from pathlib import Path
from typing import Any

import click

from epochal.commands.options import command_line, loading, reading, say
from epochal.commands.tables import ByKind, read_as, tabular
from epochal.kinds.ladders import require


@click.command(cls=ByKind)
@click.argument("source")
@click.option("--rung", help="The network to take apart, or mine.py:MyNet.  [default: the last of the ladder]")
@click.option("--budget", metavar="DURATION", help="Time for everything, such as 90s, 20m or 1h30m.  [default: 20m]")
@click.option("--seeds", type=int, metavar="N", help="Trainings of each combination.  [default: 5]")
@click.option("--ingredients", metavar="A,B,C", help="Ingredients to test.  [default: all that the rung can have]")
@click.option("--margin", type=float, metavar="FRACTION", help="Differences below this do not matter.  [default: 0.01]")
@click.option("--out", type=click.Path(path_type=Path), help="The run directory.  [default: runs/why-NAME]")
@tabular
@reading
def why(source: str, rung: str | None, task: str, **values: Any) -> int:
    """Say which ingredients carry the result of a rung on SOURCE.

    Trains the rung with every combination of its ingredients, or half of them, on several seeds: what each brings
    alone, what is lost without it, and its Shapley value, in accuracy and in seconds. If it is
    interrupted, the same command continues it.

    \b
    epochal why photos/ --rung resnet --budget 20m
    epochal why digits --rung mlp --ingredients activation,normalisation,momentum --budget 1m
    """
    if rung is not None:
        told = task if values["image"] is None else "image"
        require([rung], "rung", source=source, task=told)  # before anything is imported that takes a while
    from epochal.study.why import why as run

    task, options = read_as(source, task, values)
    if values["ingredients"] is not None:
        values["ingredients"] = tuple(word.strip() for word in values["ingredients"].split(","))
    given = {name: value for name, value in values.items() if value is not None}
    result = run(
        source,
        rung=rung,
        options=options,
        task=task,
        progress=say,
        loading=loading(),
        command=command_line(),
        **given,
    )
    click.echo(result.to_text())
    return 0
