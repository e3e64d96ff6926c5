"""Spiders: what a site's own one stands on, how Scrapy's are taken into runs, and all of a project by name."""

from scraper.spider.site_spider import SiteSpider as SiteSpider
