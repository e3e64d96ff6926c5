"""Study one page of a site before a spider is written: what it shows, where its records are, how its list goes on."""
