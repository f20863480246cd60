"""A stand-in for the AWS plugin: see serve.py."""
