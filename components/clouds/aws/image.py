"""The image that a machine boots from: Debian, a GPU vendor's for GPU types, or the one that is named."""

from dataclasses import dataclass

from components.clouds.aws import ask
from components.config.aws import OnInstances
from components.fleet import Size

# Debian's account (wiki.debian.org/Cloud/AmazonEC2Image), and its word for an architecture.
DEBIAN = "136693071363"
DEBIAN_ARCH = {"x86_64": "amd64", "arm64": "arm64"}
GPU = "gpu-"
# NVIDIA's driver and the container toolkit on Ubuntu, maintained by AWS.
GPU_NAMES = {
    "x86_64": "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *",
    "arm64": "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) *",
}


@dataclass(frozen=True)
class Image:
    """`kind` is another where an image is no newer version of the same; `least_gib` is what its disk has."""

    id: str
    kind: str
    arch: str
    root_device: str
    least_gib: int

    @property
    def is_ubuntu(self) -> bool:
        """Known of the GPU vendor's alone."""
        return self.kind.startswith(GPU)


def image_of(spec: OnInstances, size: Size) -> Image:
    """The image that `imageId` names, else the newest of its kind.

    Raises answers.AbsentError where there is none, answers.UnansweredError where nobody says.
    """
    if spec.image_id:
        found, kind = ask.image(spec.image_id), spec.image_id
    elif size.gpus:
        found, kind = ask.newest_image("amazon", GPU_NAMES[size.arch], size.arch), f"{GPU}{size.arch}"
    else:
        name = f"debian-13-{DEBIAN_ARCH[size.arch]}-*"
        found, kind = ask.newest_image(DEBIAN, name, size.arch), f"debian-{size.arch}"
    sizes = [
        int(mapping.ebs["volume_size"])
        for mapping in found.block_device_mappings
        if mapping.device_name == found.root_device_name and mapping.ebs.get("volume_size")
    ]
    return Image(found.image_id, kind, found.architecture, found.root_device_name, max(sizes, default=0))
