"""The browser: pages that need JavaScript, rendered by a pool of Chromium drivers behind a Scrapy download handler."""
