"""How pages that need JavaScript are read: the cheapest way that yields the records, remembered."""
