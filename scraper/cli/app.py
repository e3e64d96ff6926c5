"""All commands, in the order in which `swathe --help` shows them."""

from __future__ import annotations

from typing import Annotated

import typer

from scraper.cli import (
    alerts,
    crawl,
    db,
    demo,
    doctor,
    export,
    history,
    import_,
    migrate,
    pages,
    probe,
    query,
    rejected,
    runs,
    schedule,
    spiders,
    why,
    worker,
)
from scraper.core.config.sections import swathe_version

app = typer.Typer(
    name="swathe",
    help="Crawl sites with Scrapy spiders, keep clean records in MongoDB, and ask for them.",
    epilog="Example: swathe demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"swathe {swathe_version()}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


app.command("demo", epilog=demo.EXAMPLE)(demo.demo)
app.command("crawl", epilog=crawl.EXAMPLE)(crawl.crawl)
app.command("worker", epilog=worker.EXAMPLE)(worker.worker)
app.command("spiders", epilog=spiders.EXAMPLE)(spiders.spiders)
app.command("probe", epilog=probe.EXAMPLE)(probe.probe)
app.command("query", epilog=query.EXAMPLE, cls=query.QueryCommand)(query.query)
app.command("export", epilog=export.EXAMPLE)(export.export)
app.command("import", epilog=import_.EXAMPLE)(import_.import_records)
app.command("history", epilog=history.EXAMPLE)(history.history)
app.add_typer(runs.app, name="runs", epilog=runs.EXAMPLE)
app.add_typer(rejected.app, name="rejected", epilog=rejected.EXAMPLE)
app.command("migrate", epilog=migrate.EXAMPLE)(migrate.migrate)
app.add_typer(schedule.app, name="schedule", epilog=schedule.EXAMPLE)
app.add_typer(alerts.app, name="alerts", epilog=alerts.EXAMPLE)
app.add_typer(pages.app, name="pages", epilog=pages.EXAMPLE)
app.command("why", epilog=why.EXAMPLE)(why.why)
app.add_typer(db.app, name="db", epilog=db.EXAMPLE)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)
