"""Charts of the portal, made from tables; pure."""
