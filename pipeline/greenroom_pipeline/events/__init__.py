"""A server that is a GitHub App: events are hints, and what is live is made to fit what is so."""
