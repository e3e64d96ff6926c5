"""`swathe db`: the embedded MongoDB, or what is known of your own."""

from __future__ import annotations

import code
import shutil
import subprocess
from typing import Annotated

import typer

from scraper.cli import db_data
from scraper.cli.output import console, print_facts
from scraper.core.config import Config, load_config
from scraper.core.mongo_address import MongoAddress
from scraper.errors import UsageError
from scraper.storage.connection import connection_to
from scraper.storage.embedded.binary import find_mongod
from scraper.storage.embedded.server import EmbeddedServer
from scraper.storage.project_database import connect

EXAMPLE = "Example: swathe db status"

app = typer.Typer(
    help="Start, stop, back up and look into the embedded MongoDB.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("start", epilog="Example: swathe db start")
def start() -> None:
    """Start the embedded MongoDB and keep it up without users, until `swathe db stop`."""
    config = load_config()
    server = _embedded(config)
    with connection_to(config.mongodb):
        server.folder.kept.touch()
    console.print(f"MongoDB is up at {server.uri}", markup=False, soft_wrap=True)


@app.command("stop", epilog="Example: swathe db stop")
def stop(
    force: Annotated[bool, typer.Option("--force", help="Stop it even while crawls or queries use it.")] = False,
) -> None:
    """Stop the embedded MongoDB; while others use it, let it stop after them."""
    server = _embedded(load_config())
    server.folder.kept.unlink(missing_ok=True)
    if not force and server.in_use():
        console.print("MongoDB is in use: it stops when its last user leaves (--force stops it now)")
        return
    console.print("MongoDB has stopped" if server.stop() else "MongoDB was not running")


@app.command("status", epilog="Example: swathe db status")
def status() -> None:
    """Say which MongoDB is used and how it is, without starting it."""
    config = load_config()
    if config.mongodb.uri.get_secret_value():
        with connection_to(config.mongodb) as database:
            version = database.client.server_info()["version"]
        address = MongoAddress.read(config.mongodb.uri.get_secret_value()).shown
        print_facts({"server": "your own", "address": address, "version": version, "database": config.mongodb.database})
        return
    server = EmbeddedServer(config.mongodb)
    up = server.folder.answers()
    print_facts(
        {
            "server": "embedded",
            "state": "running" if up else "stopped",
            "in use": "yes" if up and server.in_use() else "no",
            "kept up": "yes" if server.folder.kept.exists() else "no",
            "mongod": find_mongod(config.mongodb.mongod),
            "socket": server.folder.socket,
            "log": server.folder.server_log,
            "database": config.mongodb.database,
        }
    )


@app.command("uri", epilog='Example: mongosh "$(swathe db uri)"')
def uri(
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the password of your own MongoDB's address.")] = False,
) -> None:
    """Print the address for other programs; the embedded server answers there while it is up."""
    connection = connection_to(load_config().mongodb)
    typer.echo(connection.uri if reveal else connection.address)


@app.command("shell", epilog="Example: swathe db shell")
def shell(
    mongosh: Annotated[bool, typer.Option("--mongosh", help="Open MongoDB's own shell instead.")] = False,
) -> None:
    """Open Python with `db` and the documents by name, e.g. Book.objects(price__lt=15)."""
    if mongosh:
        _mongosh(load_config())
        return
    database = connect()
    names = ", ".join(sorted(database.documents))
    banner = f"`db` is {database.name}, e.g. db.runs.find_one(); the documents are {names}"
    code.interact(banner=banner, local={"db": database, **database.documents}, exitmsg="")


app.command("backup", epilog=db_data.BACKUP_EXAMPLE)(db_data.backup)
app.command("restore", epilog=db_data.RESTORE_EXAMPLE)(db_data.restore)
app.command("prune", epilog=db_data.PRUNE_EXAMPLE)(db_data.prune)


def _mongosh(config: Config) -> None:
    program = shutil.which("mongosh")
    if program is None:
        raise UsageError("mongosh is not on PATH: install it, or take `swathe db shell`, which is Python")
    connection = connection_to(config.mongodb)
    with connection:
        subprocess.run([program, connection.uri], check=False)  # noqa: S603


def _embedded(config: Config) -> EmbeddedServer:
    server = connection_to(config.mongodb).server
    if server is None:
        raise UsageError(
            "[mongodb] uri names your own MongoDB, expected the embedded one: start and stop yours yourself"
        )
    return server
