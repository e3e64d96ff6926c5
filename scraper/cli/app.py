"""All commands, in the order in which `swathe --help` shows them, each imported once it is called."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from scraper.core.project import VERSION, project
from scraper.errors import SwatheError

COMMANDS = {
    "demo": ("demo:demo", "Crawl the bundled practice site with every bundled spider, and show what is stored."),
    "init": ("init:init", "Make a project: a folder with its own configuration, spiders, models and database."),
    "crawl": ("crawl:crawl", "Crawl a site and store its records; go on with a crawl that was interrupted."),
    "worker": (
        "worker:worker",
        "Work on a crawl that is under way, beside the process that began it, until the crawl is over.",
    ),
    "spiders": (
        "spiders:spiders",
        "List the spiders: where they start, what they store, and when they run next by a schedule.",
    ),
    "keys": ("keys:keys", "Show which fields tell the items of a spider apart, as far as the stored ones show it."),
    "probe": ("probe:probe", "Study one page: its records, its data, and lines for a spider."),
    "newsite": ("newsite:newsite", "Write a spider, its model, saved pages and a test for a site."),
    "heal": ("heal:heal", "Mend a spider's selectors after a redesign: print a patch and what speaks for it."),
    "query": ("query:app", "Show the records that meet every FILTER."),
    "profile": ("profile:profile", "Show what each field holds: filled, distinct, extremes, top values."),
    "export": ("export:export", "Write the records that meet every FILTER into a file, whole or not at all."),
    "import": ("import_:import_records", "Store the records of a file, cleaned and validated like a page's."),
    "history": ("history:history", "Show what changed on one record, the latest first, and how its numbers moved."),
    "migrate": (
        "migrate:migrate",
        "Bring stored records to what their documents say today: names, types and keys of fields.",
    ),
    "why": (
        "why:why",
        "Tell what happened to a page and why: stored, refused, dead, forbidden, how it was read, or never seen.",
    ),
    "doctor": (
        "doctor:doctor",
        "Check Python, configuration, MongoDB, browser and driver; name a repair for each fault.",
    ),
    "status": ("status:status", "Say whether everything is fine, and what changed."),
    "digest": ("status:digest", "Send `swathe status` as a message to all that [alerts] names."),
    "runs": ("runs:app", "Show the runs: counts, verdict and its reasons."),
    "logs": ("logs:logs", "Show the log of a run."),
    "rejected": ("rejected:app", "Show refused items: why, and what the page had; try them again."),
    "schedule": ("schedule:app", "Run spiders by themselves, as [schedule] in config.ini says."),
    "watch": ("watch:app", "Tell people when data change, as [watch] in config.ini says."),
    "web": (
        "web:app",
        "Serve a page that shows everything, and an API for programs, to this machine alone unless told.",
    ),
    "alerts": ("alerts:app", "Tell people when runs go wrong, once per incident."),
    "logins": ("logins:app", "Show and import the logins that last from crawl to crawl."),
    "pages": ("pages:app", "Show the pages that were kept, and read them again with today's spiders."),
    "config": ("config:app", "Write config.ini anew, with every option there is."),
    "db": ("db:app", "Start, stop, back up and look into the embedded MongoDB."),
}
"""What is typed → the module here and the name in it of a function or a Typer, and what the list of commands says."""


ANYWHERE = ("demo", "doctor", "init")
"""The commands that run outside of a project, too."""


def loaded(name: str) -> Any:
    """Import a command and return it, with its own commands if it has any."""
    module_name, attribute = (COMMANDS[name][0] if name in COMMANDS else "broken:check").split(":")
    module = import_module(f"scraper.cli.{module_name}")
    held = getattr(module, attribute)
    if not isinstance(held, typer.Typer):
        function, held = held, typer.Typer(add_completion=False, rich_markup_mode=None)
        held.command()(function)
    command = get_command(held)
    command.name, command.epilog = name, getattr(module, f"{name.upper()}_EXAMPLE", module.EXAMPLE)
    return command


class Deferred(TyperCommand):
    """A command that is imported once it is called; until then only what the list of commands shows is known."""

    def __init__(self, name: str) -> None:
        super().__init__(name, help=COMMANDS[name][1], rich_markup_mode=None)

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """Take the arguments of a call, as the command itself does."""
        if self.name not in ANYWHERE and "--help" not in args and not extra.get("resilient_parsing"):
            project()  # says that there is none, before a command looks for what it would hold
        if not any("mongodb.uri" in arg for arg in args):  # given with --set it is not in the configuration yet
            _spare_openssl()
        return loaded(str(self.name)).make_context(info_name, args, *more, **extra)


def _spare_openssl() -> None:
    from scraper.core.config import load_config
    from scraper.storage.tls import leave_out_openssl

    with suppress(SwatheError):  # the command says it, or does without a configuration
        leave_out_openssl(load_config().mongodb)


class Commands(TyperGroup):
    """`swathe`, with its commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: Deferred(name) for name in COMMANDS}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; the one that looks for broken files is for Swathe itself, and in no list."""
        from scraper.core.broken import CHECK

        return loaded(cmd_name) if cmd_name == CHECK else super().get_command(ctx, cmd_name)


app = typer.Typer(
    name="swathe",
    cls=Commands,
    help="Crawl sites with Scrapy spiders, keep clean records in MongoDB, and ask for them.",
    epilog="Example: swathe demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"swathe {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""
