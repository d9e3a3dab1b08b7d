"""What `greenroom init` finds out, and what it writes and sets up."""
