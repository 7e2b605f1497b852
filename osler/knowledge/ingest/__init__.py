"""Documents out of files: one format = one file, and a folder is walked with all of them."""
