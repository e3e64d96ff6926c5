"""What spiders and models import from `scraper`: the names that it says, each at the cost of its own module."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import ROOT

import scraper
from scraper import paging
from scraper.browser import actions


def test_what_spiders_and_models_import_from_scraper_is_what_it_says_it_is() -> None:
    names = scraper.__all__
    assert {"SiteSpider", "Record", "cleaners", "NextLink", "first", "texts", "each"} <= set(names)
    assert set(paging.__all__) <= set(names)
    assert {action.__name__ for action in actions.Action.__subclasses__()} <= set(names)
    for name in names:
        assert getattr(scraper, name) is not None
        assert name in dir(scraper)
    with pytest.raises(ImportError, match="cannot import name 'SiteSpidr' from 'scraper'"):
        exec("from scraper import SiteSpidr")


def test_a_name_of_scraper_costs_no_more_than_its_own_module() -> None:
    code = "import sys; from scraper import {}; print(' '.join(sys.modules))"
    there = {}
    for names in ("SwatheError", "Record, cleaners"):
        command = [sys.executable, "-c", code.format(names)]
        there[names] = set(subprocess.check_output(command, text=True, cwd=ROOT).split())
    assert not there["SwatheError"] & {"mongoengine", "scrapy", "lxml"}
    assert "mongoengine" in there["Record, cleaners"]
    assert not there["Record, cleaners"] & {"scrapy", "twisted"}
