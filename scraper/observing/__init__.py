"""What a crawl and a scheduler let others see while they work: their log, and numbers for Prometheus."""
