"""Simcloud: a stand-in for the AWS plugin, to run the whole program without an account. See README.md."""
