"""`epochal climb`: the ladder of approaches on the user's labelled images."""

from pathlib import Path
from typing import Any

import click

from epochal.commands.options import command_line, loading, read_options, reading, run_directory, say, show_climb
from epochal.models.catalogue import require_rungs


@click.command()
@click.argument("source")
@click.option("--budget", metavar="DURATION", help="Time for everything, such as 90s, 20m or 1h30m.  [default: 20m]")
@click.option("--seeds", type=int, metavar="N", help="Trainings of each rung.  [default: 3]")
@click.option("--seed", type=int, metavar="N", help="The first of these seeds.  [default: 0]")
@click.option("--out", type=click.Path(path_type=Path), help="The run directory.  [default: runs/NAME]")
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIRECTORY", help="Go on with the climb there.")
@click.option("--rungs", metavar="A,B,C", help="Rungs to climb; `epochal ladder image` lists them.  [default: all]")
@click.option("--trials", type=int, metavar="N", help="Learning rates tried for each network.  [default: 3]")
@click.option("--metric", metavar="NAME", help="By which rungs are compared and chosen.  [default: accuracy]")
@click.option("--cost", metavar="COSTS", help='What mistakes cost, such as "miss=500 alarm=20", for two classes.')
@click.option("--positive", metavar="CLASS", help="Of two classes, the one that is looked for.  [default: the rarer]")
@click.option(
    "--margin",
    type=float,
    metavar="NUMBER",
    help="Differences below this do not matter.  [default: 0.005, half a point]",
)
@click.option(
    "--repeat", type=click.Path(path_type=Path), metavar="RUN", help="Make the trainings of that climb again."
)
@click.option("--dry-run", is_flag=True, help="Measure the rungs, print the plan and what each would do, and stop.")
@reading
def climb(source: str, resume: Path | None, dry_run: bool, **values: Any) -> int:
    """Run the ladder of approaches on SOURCE, and bundle the best.

    SOURCE is a folder with a subfolder for each class, a CSV or Parquet manifest, IDX or NumPy files, or a named
    set (`epochal data list`). The test split is opened once, after the choice.

    \b
    epochal climb photos/ --budget 20m --seeds 3 --out runs/photos
    epochal climb labels.csv --image path --label species --group patient
    epochal climb scans/ --metric auroc          # or --cost "miss=500 alarm=20"
    epochal climb photos/ --resume runs/photos
    """
    if values["rungs"]:
        values["rungs"] = tuple(word.strip() for word in values["rungs"].split(","))
        require_rungs(values["rungs"])  # before anything is imported that takes a while

    from epochal.study.ladder import climb as run
    from epochal.study.ladder import dry_run as rehearse

    options = read_options(values)
    out = values.pop("out")
    directory = run_directory(out, resume)
    if dry_run:
        values.pop("repeat")
        given = {name: value for name, value in values.items() if value is not None}
        click.echo(rehearse(source, options=options, loading=loading(), **given).to_text())
        return 0
    climbed = run(
        source,
        options=options,
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
