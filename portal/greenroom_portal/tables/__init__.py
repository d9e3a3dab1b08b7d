"""Tables behind every list and chart of the portal, made from reports; pure."""
