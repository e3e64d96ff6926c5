"""Through which proxy a request goes, and which of them are well."""
