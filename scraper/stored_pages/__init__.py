"""Keep the pages that a spider was given, and read them again with today's code."""
