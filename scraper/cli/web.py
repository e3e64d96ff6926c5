"""`swathe web`: the page and the API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from scraper.cli.output import console, print_table, say
from scraper.core.config import load_config
from scraper.errors import UsageError
from scraper.storage.connection import connection_to

EXAMPLE = "Example: swathe web --port 8700"
TOKEN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who has it: letters, digits, - and _.")]

app = typer.Typer(
    help="Serve a page that shows everything, and an API for programs, to this machine alone unless told.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def web(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on, instead of [web] address.")] = "",
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on; 0: any free one.")] = None,
    socket: Annotated[Path | None, typer.Option(metavar="PATH", help="A Unix socket instead, for this user.")] = None,
) -> None:
    """Serve a page that shows everything, and an API for programs, to this machine alone unless told.

    It prints an address to log in with, once. Ctrl-C or SIGTERM ends it.
    """
    if context.invoked_subcommand is not None:
        return
    # FastAPI takes half a second to import; the list of commands should not wait for it.
    from scraper.core.ip_address import Address, read_address
    from scraper.web.server import serve

    config = load_config()
    own = config.web.address
    try:
        place = read_address(str(Address(host or own.host, own.port if port is None else port)))
    except ValueError:
        raise UsageError(f"--host is '{host}', expected an address of this machine, such as 127.0.0.1") from None
    if socket is not None and (host or port is not None):
        raise UsageError("--socket listens at no port: give it, or --host and --port")
    assert isinstance(place, Address)
    connection = connection_to(config.mongodb)
    with connection:
        serve(config, connection, socket or place, say)


@app.command("login", epilog="Example: swathe web login")
def login() -> None:
    """Print an address that lets one browser in, once, within 15 minutes: to the page that is served."""
    from scraper.web.server import login_address, served_at

    config = load_config()
    with connection_to(config.mongodb) as database:
        base = served_at(database) or config.web.public_url or f"http://{config.web.address}"
        say(login_address(database, base))


@app.command("token", epilog="Example: swathe web token grafana")
def token(
    name: Name,
    operate: Annotated[bool, typer.Option("--operate", help="It may also act: trigger, stop, redrive, …")] = False,
) -> None:
    """Make a token, and print it: this is the only time. Programs send it as `Authorization: Bearer TOKEN`."""
    from scraper.web import access

    if not TOKEN_NAME.fullmatch(name):
        raise UsageError(f"the name is {name!r}, expected letters, digits, - and _, 40 at most")
    with connection_to(load_config().mongodb) as database:
        access.prepare(database)
        typer.echo(access.issue(database, "token", "operate" if operate else "read", name))


@app.command("tokens", epilog="Example: swathe web tokens")
def tokens() -> None:
    """List the tokens: who has one, what it may, and since when."""
    from scraper.web import access

    with connection_to(load_config().mongodb) as database:
        print_table(access.tokens(database), ["name", "role", "made_at"])


@app.command("revoke", epilog="Example: swathe web revoke grafana")
def revoke(name: Name) -> None:
    """Let a token, and the sessions begun with it, be good no more.

    '(console)' is the name of those that came by a printed address.
    """
    from scraper.web import access

    with connection_to(load_config().mongodb) as database:
        access.revoke(database, name)
    console.print(f"{name} comes in no more", markup=False)
