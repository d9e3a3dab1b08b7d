"""The server's HTTP API: what CI asks of it and hands in, and who may."""
