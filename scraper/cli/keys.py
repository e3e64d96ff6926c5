"""`swathe keys`: which fields would tell the items of a spider apart."""

from __future__ import annotations

from typing import Annotated

import typer

from scraper.cli.output import console, print_table
from scraper.cli.shell import spider_names
from scraper.core.config import load_config
from scraper.errors import UsageError
from scraper.query.keys import key_candidates
from scraper.storage.connection import connection_to

EXAMPLE = "Example: swathe keys quotesbot"


def keys(
    spider: Annotated[
        str, typer.Argument(autocompletion=spider_names, help="A spider whose items have no document in models/.")
    ],
) -> None:
    """Show which fields tell the items of a spider apart, as far as the stored ones show it."""
    with connection_to(load_config().mongodb) as database:
        found = key_candidates(database, spider)
    if not found:
        raise UsageError(
            f"no items of '{spider}' were stored without a document of their own: "
            f"crawl first, with `swathe crawl {spider}`; the key of a document is in models/"
        )
    print_table(
        (
            {
                "records": one.records,
                "fields": ", ".join(one.fields),
                "stored": one.count,
                "filled": one.filled,
                "distinct": one.distinct,
                "key": "would do" if one.would_do else "",
            }
            for one in found
        ),
        ["records", "fields", "stored", "filled", "distinct", "key"],
    )
    if found[0].would_do:
        fields = ", ".join(f'"{name}"' for name in found[0].fields)
        console.print(f"declare in the spider: item_key = ({fields},)", markup=False, soft_wrap=True)
