"""Parts of pages, each drawn by one function."""
