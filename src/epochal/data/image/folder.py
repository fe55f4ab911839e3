"""Listing an image folder: one subfolder a class, perhaps under train, val and test."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from epochal.core.errors import DataError
from epochal.data.files import IMAGE_ENDINGS, holds_results, is_system
from epochal.data.image.listing import Listing
from epochal.data.image.options import ReadOptions
from epochal.data.labels import as_label, missing_label, shown
from epochal.data.split import SPLIT_OF


@dataclass(frozen=True, kw_only=True)
class ClassFolder:
    """A folder whose pictures are of one class, wherever it lies: in the data itself, or in the folder of a split."""

    path: Path
    label: str
    split: str | None
    above: tuple[tuple[int, int], ...]  # identities of the folders of the data that hold it


def list_folder(root: Path, options: ReadOptions) -> Listing:
    """The pictures under `root`, labelled by their class folders. No link leads from one class to another.

    Raises:
        DataError: the folder is empty, or holds no class folders.
    """
    name = shown(root.resolve().name or str(root))
    listing = Listing(name=name, kind="image folder", items=[], labels=[], files=[], certain=True)
    folders, files, _ = _children(root, listing)
    while len(folders) == 1 and not files and _holds_folders(folders[0], listing):
        listing.decide("folder", shown(folders[0].name), "it is the only folder inside")
        root = folders[0]
        folders, files, _ = _children(root, listing)
    if not folders:
        raise DataError(_no_classes(root, files))
    split_folders = {folder: SPLIT_OF.get(folder.name.casefold()) for folder in folders}
    found_splits = [split for split in split_folders.values() if split]
    classes, loose, above = [], files, (_identity(root),)
    if "train" in found_splits and len(found_splits) > 1:
        respected = options.split != "none"
        for folder, split in split_folders.items():
            if split is None:
                listing.problem(shown(folder.name) + "/", "lies next to the folders of the splits", "ignored")
                continue
            inner, outside, _ = _children(folder, listing)
            loose = [*outside, *loose]
            classes += _class_folders(inner, split if respected else None, (*above, _identity(folder)))
        if respected:
            found = ", ".join(f"{split} in {shown(folder.name)}/" for folder, split in split_folders.items() if split)
            listing.decide("splits", "as the folders give them", found, "--split none")
    else:
        classes = _class_folders(folders, None, above)
    for path in loose:
        listing.problem(shown(path.relative_to(root)), "lies outside every class folder")
    _tell_names(classes, root, listing)
    homes = _homes(classes)
    for place in classes:
        if place.label:
            _list_class(place, root, homes, listing)
    if not listing.items:
        raise DataError(f"{root}: its folders hold no files. Put the pictures of each class into its own subfolder.")
    return listing


def _class_folders(folders: list[Path], split: str | None, above: tuple[tuple[int, int], ...]) -> list[ClassFolder]:
    return [ClassFolder(path=path, label=as_label(path.name), split=split, above=above) for path in folders]


def _tell_names(classes: list[ClassFolder], root: Path, listing: Listing) -> None:
    """Names the class folders that have no name, and those that count as one class."""
    names: dict[str, set[str]] = {}
    for place in classes:
        if missing_label(place.label):
            what = "is a class folder with a blank name: its pictures have no label"
            listing.problem(repr(shown(place.path.relative_to(root).as_posix())), what)
        else:
            names.setdefault(place.label, set()).add(shown(place.path.name))
    blank = sum(not place.label for place in classes)
    if blank:
        folders = "a class folder has" if blank == 1 else f"{blank} class folders have"
        listing.warnings.append(f"{folders} a blank name, and the pictures in it are set aside: give it a name.")
    for label, found in names.items():
        if len(found) > 1:
            listing.warnings.append(
                f"the class folders {', '.join(map(ascii, sorted(found)))} are read as one class, {label!r}: their "
                "names differ only by spaces at an end or in how Unicode writes a letter."
            )


def _homes(classes: list[ClassFolder]) -> dict[str, ClassFolder]:
    """Where class folders really lie. Of a folder and links to it, the folder itself counts; else the first link."""
    line = sorted(classes, key=lambda place: place.path.is_symlink())
    return {os.path.realpath(place.path): place for place in reversed(line)}


def _list_class(place: ClassFolder, root: Path, homes: Mapping[str, ClassFolder], listing: Listing) -> None:
    before, found = len(listing.items), len(listing.problems)
    _walk(place.path, place, root, homes, listing, above=place.above)
    if len(listing.items) == before and len(listing.problems) == found:
        listing.problem(shown(place.path.relative_to(root)) + "/", "is a class folder without files", "ignored")


def _walk(
    folder: Path,
    place: ClassFolder,
    root: Path,
    homes: Mapping[str, ClassFolder],
    listing: Listing,
    *,
    above: tuple[tuple[int, int], ...],
) -> None:
    identity = _identity(folder)
    if identity in above:
        listing.problem(shown(folder.relative_to(root)), "is a symbolic link in a loop", "ignored")
        return
    if folder.is_symlink() and not _allowed(folder, place, root, homes, listing):
        return
    folders, files, links = _children(folder, listing, root)
    assert listing.files is not None
    relative = folder.relative_to(root).as_posix()
    for path in files:
        if path in links and not _allowed(path, place, root, homes, listing):
            continue
        listing.files.append(path)
        listing.items.append(shown(f"{relative}/{path.name}"))
        listing.labels.append(place.label)
        if place.split is not None:
            listing.published = listing.published or []
            listing.published.append(place.split)
    for inner in folders:
        _walk(inner, place, root, homes, listing, above=(*above, identity))


def _allowed(link: Path, place: ClassFolder, root: Path, homes: Mapping[str, ClassFolder], listing: Listing) -> bool:
    """Whether a link in a class folder leads to pictures of that class alone; if not, it is named as a problem."""
    target = Path(os.path.realpath(link))
    found = [homes[str(path)] for path in (target, *target.parents) if str(path) in homes]
    other = next((home for home in found if home.path != place.path), None)
    if other is not None:
        what = f"is a symbolic link into {shown(other.path.relative_to(root).as_posix())}/, another class folder"
    elif not found and any(Path(path).is_relative_to(target) for path in homes):
        what = "is a symbolic link to a folder that holds class folders"
    else:
        return True
    listing.problem(shown(link.relative_to(root)), what, "ignored")
    return False


def _children(folder: Path, listing: Listing, root: Path | None = None) -> tuple[list[Path], list[Path], set[Path]]:
    """Folders and files inside a folder, sorted by name, and which files are links.

    Hidden and system files, and results of epochal, are counted and left out.
    """
    folders, files, links = [], [], set()
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        if root is None:
            raise DataError(f"{folder} cannot be read: {error.strerror or error}.") from error
        listing.problem(shown(folder.relative_to(root)) + "/", f"cannot be read: {error.strerror or error}")
        return [], [], set()
    for entry in entries:
        path = Path(entry.path)
        folder_too = _is_folder(entry)
        if is_system(entry.name) or (folder_too and holds_results(path)):
            listing.ignored += 1
        elif folder_too:
            folders.append(path)
        else:
            files.append(path)
            if entry.is_symlink():
                links.add(path)
    return folders, files, links


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
    folders, _, _ = _children(folder, listing)
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
