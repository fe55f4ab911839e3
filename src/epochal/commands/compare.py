"""`epochal compare`: predictions of any tools on the same items."""

import click

from epochal.core.record import json_text


@click.command()
@click.argument("truth")
@click.argument("predictions", nargs=-1, required=True)
@click.option("--id", metavar="COLUMN", help="Column of ids, in every file.  [default: told from the names]")
@click.option("--label", metavar="COLUMN", help="Column of TRUTH with the true labels or numbers.")
@click.option("--prediction", metavar="COLUMN", help="Column of the predictions with labels or numbers.")
@click.option("--task", type=click.Choice(["classes", "numbers"]), help="What the truth is.  [default: told from it]")
@click.option(
    "--metric",
    metavar="NAME",
    help="Of classes: accuracy, balanced-accuracy, macro-f1, auroc, average-precision or log-loss. Of numbers: r2, mae "
    "or rmse.  [default: accuracy, or r2]",
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
    help="Differences below this do not matter.  [default: 0.005, half a point, for accuracy; a hundredth of the "
    "truth's standard deviation for mae and rmse]",
)
@click.option(
    "--missing",
    type=click.Choice(["refuse", "leave-out", "wrong"]),
    default="refuse",
    show_default=True,
    help="Items that a tool did not predict: refuse them, leave them out for all tools, or count them as wrong.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything that was found, every pair too, as JSON.")
def compare(
    truth: str,
    predictions: tuple[str, ...],
    id: str | None,
    label: str | None,
    prediction: str | None,
    task: str | None,
    metric: str | None,
    cost: str | None,
    positive: str | None,
    margin: float | None,
    missing: str,
    as_json: bool,
) -> int:
    """Compare PREDICTIONS of any tools with TRUTH: scores with intervals, tiers, verdicts, and what would settle the
    rest.

    TRUTH has a column of ids and one of labels or numbers. A file of predictions has the ids and labels, numbers, or
    probabilities in columns named by the classes ("cat" or "p(cat)"). Files are CSV, Parquet or JSON lines. Items are
    joined by id, never by their order.

    \b
    Each of PREDICTIONS is one of
      ours.csv                    one tool, named by its file: ours
      theirs=run1.csv,run2.csv    one tool, theirs; each file is one of its seeds
      "theirs=runs/*.csv"         the same, with a pattern

    \b
    epochal compare truth.csv ours.csv theirs.csv
    epochal compare truth.csv ours=a1.csv,a2.csv,a3.csv theirs=b1.csv,b2.csv,b3.csv --metric auroc
    epochal compare houses.parquet ours.csv theirs.csv --id house --label price --metric mae
    """
    from epochal.study.compare import compare as run

    found = run(
        truth,
        *predictions,
        id=id,
        label=label,
        prediction=prediction,
        task=task,
        metric=metric,
        cost=cost,
        positive=positive,
        margin=margin,
        missing=missing,
    )
    click.echo(json_text(found.to_dict(), indent=2) if as_json else found.to_text())
    return 0
