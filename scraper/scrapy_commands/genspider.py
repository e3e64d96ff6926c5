"""`scrapy genspider`, except that it writes a site of this project: a spider and the model of what it stores."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scrapy.commands.edit import _edit_file
from scrapy.commands.genspider import Command as GenspiderCommand
from scrapy.spiderloader import get_spider_loader

from scraper.core.project import project
from scraper.errors import SwatheError, UsageError
from scraper.probe.new_site import TEMPLATES, NewSite, template_text

if TYPE_CHECKING:
    import argparse

EXAMPLE = "Example: scrapy genspider talks https://conference.example/programme/ -t pages"


class Command(GenspiderCommand):
    """Write `spiders/NAME.py` and `models/NAME.py`, and say what to do next."""

    def syntax(self) -> str:
        """Return how the command is called."""
        return "[options] <name> <url>"

    def short_desc(self) -> str:
        """Return what the command does."""
        return "Add a site: write its spider and its model"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Take Scrapy's options, with the templates there are here."""
        super().add_options(parser)
        parser.add_argument(
            "-t",
            "--template",
            dest="template",
            default="pages",
            help="; ".join(f"{name}: {about}" for name, about in TEMPLATES.items()) + " (default: pages)",
        )
        parser.add_argument("--force", action="store_true", help="Overwrite the site's spider and model")
        parser.epilog = EXAMPLE

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Write the site, or list or show the templates; an error is one line and its exit code."""
        try:
            if opts.list:
                sys.stdout.writelines(f"{name:<8}{about}\n" for name, about in TEMPLATES.items())
            elif opts.dump:
                sys.stdout.write(template_text(opts.dump))
            else:
                self._add(args, opts)
        except SwatheError as error:
            sys.stderr.write(f"swathe: {error}\n")
            self.exitcode = error.exit_code

    def _add(self, args: list[str], opts: argparse.Namespace) -> None:
        unknown = [argument for argument in args if argument.startswith("-")]
        if unknown:
            raise UsageError(f"there is no option {unknown[0]!r}: `scrapy genspider --help` lists them")
        if len(args) != 2:
            raise UsageError(f"found {len(args)} arguments, expected a name and a URL. {EXAMPLE}")
        assert self.settings is not None
        name, url = args
        site = NewSite.checked(name, url, opts.template)
        site.check_free(get_spider_loader(self.settings), force=opts.force)
        site.write()
        sys.stdout.write(
            f"wrote {site.model_file.relative_to(project().folder)}: what a record is\n"
            f"wrote {site.spider_file.relative_to(project().folder)}: where a record is\n"
            "Put in your own fields and selectors where '# yours' stands. Then:\n"
            f"  swathe crawl {site.name} --max-pages 2\n"
            f"  swathe query {site.module}\n"
        )
        if opts.edit:
            self.exitcode = _edit_file(self.settings["EDITOR"], str(site.spider_file))
