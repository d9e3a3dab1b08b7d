"""What is said of a report on a forge: the comment, the check and the deployment, and how they get there."""
