"""Start the plugin of a cloud: `serve.py CLOUD [ENGINE]`."""

import sys
import warnings
from pathlib import Path

# Run as a file, so that no folder of the user's is searched for modules; the project's own has to be named.
sys.path[0] = str(Path(__file__).resolve().parents[2])

# the SDK's own, about its own modules
warnings.simplefilter("ignore", DeprecationWarning)

from tests.simcloud import clouds  # noqa: E402 (as above)
from tests.simcloud.provider import Provider  # noqa: E402 (needs the path above)
from tools.provider.serve import serve  # noqa: E402 (as above)

if __name__ == "__main__":
    cloud = sys.argv.pop(1)
    face = clouds.named(cloud)
    face.start()
    print(f"==> simcloud: {face.TITLE} is simulated on this computer", file=sys.stderr)
    serve(lambda engine: Provider(cloud, engine))
