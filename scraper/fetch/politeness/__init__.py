"""One politeness ledger for every host, obeyed by all processes that crawl it: delay, back-off, robots.txt, breaker."""
