"""Everything about MongoDB: the connection, the embedded server, backups, records and their history."""
