"""One module a metric: estimates, per-row influence, and the comparison that they carry."""
