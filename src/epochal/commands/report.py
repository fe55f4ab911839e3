"""`epochal report`: a climb's report, written again and shown, or its metrics."""

from pathlib import Path

import click

from epochal.commands.options import say, show_climb


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--metrics", type=click.Path(path_type=Path), help="Export every curve to this .parquet or .json file.")
def report(directory: Path, metrics: Path | None) -> int:
    """Show the result of the climb in DIRECTORY and write its report.html again, or export its metrics.

    \b
    epochal report runs/photos
    epochal report runs/photos --metrics curves.parquet
    """
    from epochal.study.reopen import export_metrics, reopen

    if metrics is not None:
        click.echo(f"Metrics: {export_metrics(directory, metrics)}")
        return 0
    climbed = reopen(directory, progress=say)
    show_climb(climbed.result)
    if climbed.report.exists():
        click.echo(f"\nReport: {climbed.report}")
    return 0
