"""From found records to acknowledged documents: group commit, upsert by key, and a place for what is refused."""
