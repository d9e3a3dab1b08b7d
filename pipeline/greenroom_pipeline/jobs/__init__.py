"""A run in GitHub Actions: the variables and event that it reads, and what it posts and leaves."""
