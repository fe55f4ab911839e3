"""`epochal refit`: the winner of a climb on more data, or as an ensemble."""

from pathlib import Path

import click

from epochal.commands.options import loading, say


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--ensemble", is_flag=True, help="The mean of the winner's seeds; nothing is trained.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The bundle.  [default: RUN/bundle-refit or RUN/bundle-ensemble]"
)
@click.option("--source", metavar="SOURCE", help="Where the data is now, if it has moved since the climb.")
def refit(run: Path, ensemble: bool, out: Path | None, source: str | None) -> int:
    """Bundle the winner of the climb in RUN again, trained on train and validation together.

    The passes over the data, the place to stop and the temperature are those of the climb. The new bundle is scored on
    the test split, next to the climb's. If the training is interrupted, the same command continues it.

    \b
    epochal refit runs/photos
    epochal refit runs/photos --ensemble
    """
    from epochal.study.refit import refit as make

    made = make(run, ensemble=ensemble, source=source, out=out, progress=say, loading=loading())
    for line in (made.result.sentence, *made.result.notes):
        click.echo(line)
    click.echo(f"\nBundle: {made.folder}")
    return 0
