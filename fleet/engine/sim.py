"""`SIM=1`: a cloud's stack on stand-ins for its plugins and machines, with a state of its own."""

import os
from collections.abc import Mapping


def on(env: Mapping[str, str] | None = None) -> bool:
    return (os.environ if env is None else env).get("SIM") == "1"
