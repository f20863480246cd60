"""Simcloud: stand-ins for clouds' plugins, to run the whole program without an account. See README.md."""
