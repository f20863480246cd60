"""The image that a machine boots from: Debian, or the one that is named."""

from dataclasses import dataclass

from components.clouds.alicloud import ask
from components.config.alicloud import OnEcs
from components.fleet import Size

# Such as debian_13_0_x64_20G_alibase_20250825.vhd. On GPU types supervisely.sh adds Debian's NVIDIA driver.
DEBIAN = r"^debian_13_\d+_.*_alibase_"


@dataclass(frozen=True)
class Image:
    """`least_gib` is what its disk has."""

    id: str
    arch: str
    least_gib: int


def image_of(spec: OnEcs, size: Size) -> Image:
    """The image that `imageId` names, else the newest Debian 13 for the type's architecture.

    Raises answers.AbsentError where there is none, answers.UnansweredError where nobody says.
    """
    found = ask.image(spec.image_id) if spec.image_id else ask.newest_image(DEBIAN, size.arch)
    return Image(found.image_id, found.architecture, found.size)
