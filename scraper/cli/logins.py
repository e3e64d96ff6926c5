"""`swathe logins`: the sessions of spiders that log in, which last from crawl to crawl."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from scraper.cli.output import print_table, say
from scraper.cli.shell import spider_names
from scraper.core.config import load_config
from scraper.core.text import counted
from scraper.errors import UsageError
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from scraper.spider import SiteSpider

EXAMPLE = "Example: swathe logins list"
Spider = Annotated[
    str, typer.Argument(autocompletion=spider_names, help="A spider with `login = Login(…, keep=True)`.")
]

app = typer.Typer(
    help="Show and import the logins that last from crawl to crawl.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("list", epilog=EXAMPLE)
def list_logins() -> None:
    """List the kept sessions; what is in them is encrypted, and never shown."""
    from models.sessions import KeptSession

    with connection_to(load_config().mongodb):
        rows = [
            {
                "spider": kept.spider,
                "site": kept.site,
                "saved": kept.saved_at,
                "from": "login" if kept.account else "browser",
            }
            for kept in KeptSession.objects.order_by("spider", "site")
        ]
    print_table(rows, ["spider", "site", "saved", "from"])


@app.command("import", epilog="Example: swathe logins import quotes-login cookies.txt")
def import_login(
    spider: Spider,
    file: Annotated[Path, typer.Argument(help="A browser's cookies: cookies.txt, or the JSON of an extension.")],
    start: Annotated[str, typer.Option(metavar="URL", help="For crawls that start here instead.")] = "",
) -> None:
    """Let a spider go on with the session of your browser, where its login asks for more than a password."""
    from scraper.fetch.http.cookie_files import read_cookies
    from scraper.fetch.http.credentials import origin_of
    from scraper.storage.sessions import Sessions

    config, address = load_config(), _that_keeps(spider).start_url
    address = start or address
    cookies = read_cookies(file, urlsplit(address).hostname or "")
    with connection_to(config.mongodb):
        count = Sessions(config.mongodb.data_dir).keep(spider, origin_of(address), "", cookies)
    kept = f"{counted(count, 'cookie')} for {origin_of(address)} kept, encrypted"
    say(f"{spider}: {kept}; {file} holds them for everybody to read: remove it")


@app.command("forget", epilog="Example: swathe logins forget quotes-login")
def forget_login(spider: Spider) -> None:
    """Forget the kept sessions of a spider: its next crawl logs in anew."""
    from scraper.storage.sessions import forget

    with connection_to(load_config().mongodb):
        count = forget(spider)
    say(f"{spider}: {counted(count, 'session')} forgotten")


def _that_keeps(name: str) -> type[SiteSpider]:
    """Return the spider; raise UsageError for one that would not use a session."""
    from scraper.login import Login
    from scraper.spider.loader import spider_class

    spider = spider_class(name)
    login = getattr(spider, "login", None)
    if not isinstance(login, Login) or not login.keep:
        found = "keeps no login" if isinstance(login, Login) else "does not log in"
        raise UsageError(f"spider '{name}' {found}, expected login = Login(…, keep=True) in it")
    return spider
