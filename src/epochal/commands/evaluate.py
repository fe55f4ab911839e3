"""`epochal evaluate`: a bundle on labelled data."""

from typing import Any

import click

from epochal.commands.options import loading
from epochal.commands.tables import WEIGHTS, of_text
from epochal.core.record import json_text


@click.command()
@click.argument("bundle")
@click.argument("labelled")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test", "all"]),
    help="Split to use, of data with published splits.  [default: test where there is one, else all]",
)
@click.option("--image", metavar="COLUMN", help="Column of a manifest that names the files.")
@click.option(
    "--label", metavar="COLUMN", help="Column with the labels, of a manifest or a table.  [default: as in training]"
)
@click.option("--split-column", metavar="COLUMN", help="Column that says train, validation or test.")
@click.option("--white", type=float, metavar="VALUE", help="Value of white in arrays and in files deeper than 8 bits.")
@WEIGHTS
@of_text
@click.option("--trust", is_flag=True, help="Import the code of a rung that the maker of BUNDLE brought.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was measured, as JSON.")
def evaluate(
    bundle: str,
    labelled: str,
    split: str | None,
    split_column: str | None,
    trust: bool,
    as_json: bool,
    **reading: Any,
) -> int:
    """Score BUNDLE on LABELLED, and say whether it keeps what it promised.

    LABELLED is a folder with a subfolder for each class, a CSV or Parquet manifest, IDX or NumPy files, or a named
    set; for a bundle that learned from a table it is a table with the label and all columns that the bundle needs. All
    its pictures or rows are used, and only the test split of data published in splits. Classes are matched by name.

    \b
    epochal evaluate runs/photos/bundle photos-of-this-year/
    epochal evaluate runs/photos/bundle labels.csv --image path --label species
    epochal evaluate runs/customers/bundle customers-of-this-year.csv
    """
    from epochal.ship.bundle import Bundle
    from epochal.ship.evaluate import evaluate as run

    opened = Bundle.open(bundle, trust=trust)
    given = {**reading, "split": split_column}
    options = opened.options(**{name: value for name, value in given.items() if value is not None})
    found = run(opened, labelled, split=split, options=options, progress=loading())
    click.echo(json_text(found.to_dict(), indent=2) if as_json else found.to_text())
    return 0
