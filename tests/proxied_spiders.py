"""Spiders that go through proxies of their own, with the way in which `[proxies]` sends everybody else."""

from __future__ import annotations

from spiders.quotes import QuotesSpider


class OwnProxy(QuotesSpider):
    name = "own-proxy"
    proxies = ("two",)


class NoSuchProxy(QuotesSpider):
    name = "no-such-proxy"
    proxies = ("thre",)


class NoProxy(QuotesSpider):
    name = "no-proxy"
    proxies = ()
