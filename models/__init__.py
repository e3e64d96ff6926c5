"""The documents that name every record's fields, and the questions asked of them."""
