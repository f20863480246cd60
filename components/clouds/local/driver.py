"""The "API" of local hosts as resources."""

from functools import partial

from components.clouds import driver
from components.clouds.driver import outputs

__all__ = ["call", "outputs"]

# Relative to the project's folder, where Pulumi runs commands: absolute paths differ between colleagues.
call = partial(driver.call, program=("python3", "-m", "tools.local_hosts"))
