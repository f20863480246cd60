"""Stand-ins for an NVIDIA GPU on a simulated instance whose type has one: no GPU is there, and none works.

Programs of these names answer as the real ones do, as far as userdata/supervisely.sh asks, and say in
their text what they are: lspci's device, the driver's nvidia-smi, and NVIDIA's container runtime, which puts
nvidia-smi into containers. The agent's own stand-in counts GPUs by nvidia-smi.
"""

from collections.abc import Mapping

_SMI = """\
#!/usr/bin/python3
# stands in for NVIDIA's: simcloud has no GPU
import sys

COUNT, NAME = {count}, {name!r}
if sys.argv[1:] == ["-L"]:
    for index in range(COUNT):
        print(f"GPU {{index}}: {{NAME}} (UUID: GPU-simulated-{{index}})")
else:
    print(f"a stand-in for nvidia-smi: {{COUNT}} x {{NAME}}")
"""
_LSPCI = """\
#!/bin/sh
# stands in for the device: simcloud has no GPU
[ "$*" = "-d 10de:" ] || exec /usr/bin/lspci "$@"
for index in $(seq {count}); do
    echo "00:0$index.0 3D controller: {name} (simulated)"
done
"""
_RUNTIME = """\
#!/usr/bin/python3
# stands in for NVIDIA's container runtime: runc, with nvidia-smi in containers that ask for a GPU
import json
import os
import sys

words = sys.argv[1:]
if "create" in words:
    bundle = next((words[at + 1] for at, word in enumerate(words) if word in ("--bundle", "-b")), ".")
    file = os.path.join(bundle, "config.json")
    with open(file) as handle:
        spec = json.load(handle)
    if any(value.startswith("NVIDIA_VISIBLE_DEVICES=") for value in spec["process"].get("env", [])):
        source = "/usr/local/bin/nvidia-smi"
        options = ["bind", "ro", "rprivate"]
        mount = {"destination": "/usr/bin/nvidia-smi", "type": "bind", "source": source, "options": options}
        spec["mounts"].append(mount)
        with open(file, "w") as handle:
            json.dump(spec, handle)
os.execvp("runc", ["runc", *words])
"""
_HOOK = "#!/bin/sh\n# stands in for NVIDIA's: the runtime beside it does what there is to do\n"


def files(count: int, name: str) -> Mapping[str, tuple[int, bytes]]:
    """By path, on the instance."""
    if not count:
        return {}
    programs = {
        "nvidia-smi": _SMI.format(count=count, name=name),
        "lspci": _LSPCI.format(count=count, name=name),
        "nvidia-container-runtime": _RUNTIME,
        "nvidia-container-runtime-hook": _HOOK,
    }
    return {f"usr/local/bin/{program}": (0o755, text.encode()) for program, text in programs.items()}
