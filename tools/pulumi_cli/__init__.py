"""Getting the Pulumi CLI: the official archive, or a build from its pinned Go modules."""
