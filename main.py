"""Run Swathe from a checkout: `python main.py crawl quotes` is `swathe crawl quotes`."""

from scraper.cli import main

if __name__ == "__main__":
    main()
