"""The preview host: a process that starts, routes to and stops previews."""
