"""Start the plugin."""

import sys
import warnings
from pathlib import Path

# Run as a file, so that no folder of the user's is searched for modules; the project's own has to be named.
sys.path[0] = str(Path(__file__).resolve().parents[2])

# the SDK's own, about its own modules
warnings.simplefilter("ignore", DeprecationWarning)

from tests.simcloud import endpoint  # noqa: E402 (as above)
from tests.simcloud.provider import Provider  # noqa: E402 (needs the path above)
from tools.provider.serve import serve  # noqa: E402 (as above)

if __name__ == "__main__":
    endpoint.start()
    print("==> simcloud: AWS is simulated on this computer", file=sys.stderr)
    serve(Provider)
