"""Start the plugin."""

import sys
from pathlib import Path

# Run as a file, so that no folder of the user's is searched for modules; the project's own has to be named.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from tools.command_plugin.provider import Provider  # noqa: E402 (needs the path above)
from tools.provider.serve import serve  # noqa: E402 (as above)

if __name__ == "__main__":
    serve(Provider)
