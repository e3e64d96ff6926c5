"""What a spider has a browser do on its pages; the browser itself is `scraper/fetch/browser`."""
