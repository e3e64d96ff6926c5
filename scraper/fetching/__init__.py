"""What every way to a page keeps to, be it Scrapy's, the browser's or the probe's: addresses, limits, secrets."""
