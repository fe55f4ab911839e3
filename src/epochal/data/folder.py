"""Listing an image folder: one subfolder a class, perhaps under train, val and test."""

import os
from pathlib import Path

from epochal.core.errors import DataError
from epochal.data.listing import SPLIT_OF, Listing, as_label, shown
from epochal.data.options import ReadOptions

SYSTEM_FILES = ("thumbs.db", "desktop.ini", "__macosx", "icon\r")
IMAGE_ENDINGS = (
    *(".jpg", ".jpeg", ".jfif", ".mpo", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif", ".ico", ".heic"),
)


def list_folder(root: Path, options: ReadOptions) -> Listing:
    """The pictures under `root`, labelled by their class folders.

    Raises:
        DataError: the folder is empty, or holds no class folders.
    """
    listing = Listing(
        name=root.resolve().name or str(root), kind="image folder", items=[], labels=[], files=[], certain=True
    )
    folders, files = _children(root, listing)
    while len(folders) == 1 and not files and _holds_folders(folders[0], listing):
        listing.decide("folder", shown(folders[0].name), "it is all that the given folder holds")
        root = folders[0]
        folders, files = _children(root, listing)
    if not folders:
        raise DataError(_no_classes(root, files))
    split_folders = {folder: SPLIT_OF.get(folder.name.casefold()) for folder in folders}
    found_splits = [split for split in split_folders.values() if split]
    if "train" in found_splits and len(found_splits) > 1:
        respected = options.split != "none"
        for folder, split in split_folders.items():
            if split is None:
                listing.problem(shown(folder.name) + "/", "lies beside the folders of the splits", "ignored")
            else:
                inner, loose = _children(folder, listing)
                _list_classes(inner, loose, root, split if respected else None, listing)
        if respected:
            found = ", ".join(f"{split} in {shown(folder.name)}/" for folder, split in split_folders.items() if split)
            listing.decide("splits", "as the folders give them", found, "--split none")
        _list_classes([], files, root, None, listing)
    else:
        _list_classes(folders, files, root, None, listing)
    if not listing.items:
        raise DataError(f"{root}: its folders hold no files. Put the pictures of each class into its own subfolder.")
    return listing


def _list_classes(folders: list[Path], loose: list[Path], root: Path, split: str | None, listing: Listing) -> None:
    for path in loose:
        listing.problem(shown(path.relative_to(root)), "lies outside every class folder")
    for class_folder in folders:
        before = len(listing.items)
        _walk(class_folder, root, as_label(class_folder.name), split, listing, above=(_identity(root),))
        if len(listing.items) == before:
            listing.problem(shown(class_folder.relative_to(root)) + "/", "is a class folder without files", "ignored")


def _walk(
    folder: Path, root: Path, label: str, split: str | None, listing: Listing, *, above: tuple[tuple[int, int], ...]
) -> None:
    identity = _identity(folder)
    if identity in above:
        listing.problem(shown(folder.relative_to(root)), "is a symbolic link in a loop", "ignored")
        return
    folders, files = _children(folder, listing, root)
    assert listing.files is not None
    for path in files:
        listing.files.append(path)
        listing.items.append(shown(path.relative_to(root).as_posix()))
        listing.labels.append(label)
        if split is not None:
            listing.published = listing.published or []
            listing.published.append(split)
    for inner in folders:
        _walk(inner, root, label, split, listing, above=(*above, identity))


def _children(folder: Path, listing: Listing, root: Path | None = None) -> tuple[list[Path], list[Path]]:
    """Folders and files inside a folder, sorted by name; hidden and system files are counted and left out."""
    folders, files = [], []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        if root is None:
            raise DataError(f"{folder} cannot be read: {error.strerror or error}.") from error
        listing.problem(shown(folder.relative_to(root)) + "/", f"cannot be read: {error.strerror or error}")
        return [], []
    for entry in entries:
        path = Path(entry.path)
        if _system(entry.name):
            listing.ignored += 1
        elif _is_folder(entry):
            folders.append(path)
        else:
            files.append(path)
    return folders, files


def _system(name: str) -> bool:
    return name.startswith(".") or name.casefold() in SYSTEM_FILES


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself; reading it as a file will say why it cannot be used
        return False


def _identity(folder: Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _holds_folders(folder: Path, listing: Listing) -> bool:
    ignored = listing.ignored
    folders, _ = _children(folder, listing)
    listing.ignored = ignored
    return bool(folders)


def _no_classes(root: Path, files: list[Path]) -> str:
    tables = [path.name for path in files if path.suffix.lower() in (".csv", ".tsv", ".parquet")]
    pictures = [path for path in files if path.suffix.lower() in IMAGE_ENDINGS]
    if tables:
        return (
            f"{root} has no class folders, but it holds {tables[0]}: open {root / tables[0]} if it lists the pictures."
        )
    if pictures:
        return (
            f"{root} holds {len(pictures)} pictures and no class folders. Put the pictures of each class into its own "
            "subfolder, or give a CSV file with a column of file names and a column of labels."
        )
    if not files:
        return f"{root} is empty. Expected one subfolder of pictures for each class."
    return f"{root} holds no class folders. Expected one subfolder of pictures for each class."
