"""Simcloud: a stand-in for the AWS plugin, for running the whole program without an account. See README.md."""
