"""Files that nobody else may read."""

import os
from pathlib import Path


def private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file at once and whole; at no time is it open to others."""
    made = path.with_name(f"{path.name}.{os.getpid()}")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    made.replace(path)
