"""Machines that exist already have no cloud's API that they could use."""

from components.clouds.no_identities import NoIdentities as Identities

__all__ = ["Identities"]
