"""`scrapy shell`, except that it knows the project's records and its database."""

from __future__ import annotations

import sys
from typing import Any

from scrapy.commands.shell import Command as ShellCommand

from scraper.errors import SwatheError
from scraper.storage.project_database import connect


class Command(ShellCommand):
    """Open a shell on a page, with `db` and the documents by name."""

    def update_vars(self, vars: dict[str, Any]) -> None:
        """Add the database and the documents; without a database the shell still has the page."""
        try:
            database = connect()
        except SwatheError as error:
            sys.stderr.write(f"swathe: no records here: {error}\n")
            return
        vars.update(database.documents, db=database)
