"""What the names of files say: which are pictures, which are the system's, and which are results of epochal's."""

import os
from pathlib import Path

SYSTEM_FILES = ("thumbs.db", "desktop.ini", "__macosx", "icon\r")
RESULTS = (("index.sqlite",), ("manifest.json", "codec.json"), ("result.json", "report.html"))  # any of these sets
IMAGE_ENDINGS = (
    *(".jpg", ".jpeg", ".jfif", ".mpo", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif", ".ico", ".heic"),
)


def is_system(name: str) -> bool:
    return name.startswith(".") or name.casefold() in SYSTEM_FILES


def holds_results(folder: Path) -> bool:
    """Whether a folder is a run or a bundle of epochal's, or holds nothing else: results that lie in the data."""
    if any(all((folder / name).is_file() for name in marks) for marks in RESULTS):
        return True
    try:
        entries = [entry for entry in os.scandir(folder) if not is_system(entry.name)]
    except OSError:  # reading it as a class folder will say why
        return False
    folders = (entry.is_dir(follow_symlinks=False) and holds_results(Path(entry.path)) for entry in entries)
    return bool(entries) and all(folders)
