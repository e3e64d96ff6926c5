"""Questions to stored records, exports and imports."""
