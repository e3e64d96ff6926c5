"""`scrapy crawl`, except that its exit code tells the truth."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError as ScrapyUsageError

from scraper.core.broken import explained
from scraper.core.log import log_crawl
from scraper.errors import SwatheError
from scraper.runs.crawl import crawl
from scraper.runs.supervisor import supervise
from scraper.spider.loader import spider_class

if TYPE_CHECKING:
    import argparse


class Command(CrawlCommand):
    """Run a spider and exit with Swathe's code: 0 complete, 1 failed, 2 usage, 3 incomplete or unknown."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Take the options of `swathe crawl` that say which run is meant."""
        super().add_options(parser)
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--fresh", action="store_const", dest="how", const="fresh", help="do not resume: start anew")
        how.add_argument(
            "--retry-dead", action="store_const", dest="how", const="retry-dead", help="try dead letters again"
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Take the options, and log as they say before Scrapy has its first line."""
        super().process_options(args, opts)
        assert self.settings is not None
        supervise(self.settings["SWATHE"].crawl.page_limit_s)
        log_crawl(self.settings, args[0] if args else "")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Crawl with the process that Scrapy has made."""
        if len(args) != 1:
            raise ScrapyUsageError("name one spider; `scrapy list` shows them")
        assert self.crawler_process is not None
        try:
            spider = spider_class(args[0], self.crawler_process.spider_loader)
            result = crawl(
                spider,
                opts.spargs,
                self.crawler_process,
                opts.how or "resume",
                tell=lambda line: print(f"swathe: {line}", file=sys.stderr),
            )
        except SwatheError as error:
            sys.stderr.write(f"swathe: {explained(error)}\n")
            self.exitcode = error.exit_code
            return
        for line in (result.line, *(f"note: {note}" for note in result.notes)):
            sys.stderr.write(f"swathe: {line}\n")
        self.exitcode = result.exit_code
