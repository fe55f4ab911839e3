"""The files of a bundle: a manifest with the size and SHA-256 of each, written as one and verified before use."""

import datetime
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import epochal
from epochal.core.errors import BundleError
from epochal.core.record import json_text
from epochal.models.weights import ESTIMATORS, TENSORS, named

FORMAT, VERSION = "epochal bundle", 3  # 1: widths that followed from the side of the image; 2: images only
MANIFEST = "manifest.json"
RECIPE, TASK, CODEC, CALIBRATION = "recipe.json", "task.json", "codec.json", "calibration.json"
EVIDENCE, CARD = "evidence.json", "card.md"
CODE = "code.json"  # of a model of the user's own: where its code is, and which it was
DOCUMENTS = (RECIPE, TASK, CODEC, CALIBRATION, EVIDENCE, CARD)
REQUIRED = (TENSORS, *DOCUMENTS)  # of a bundle with one model
# Of one model, or of each member of an ensemble. A manifest may name these and the documents and no others, so
# that no name leads out of the folder.
OF_MODELS = re.compile(r"(model|estimators)(-(0|[1-9][0-9]{0,3}))?\.(safetensors|skops)")
LARGEST_TEXT = 256 * 2**20  # bytes; a JSON file beyond this was not written by us
AGAIN = "Copy the bundle again from where it came from, or make it again with `epochal climb`."


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files and their manifest into a new folder that appears whole or not at all.

    An older bundle at the same place is moved aside, and is put back should the new one not get into its place.

    Raises:
        BundleError: something that is not a bundle is in the way, or the place cannot be written.
    """
    folder = Path(os.path.abspath(folder))
    check_place(folder)
    new = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
        for name, content in {**files, MANIFEST: _manifest(files)}.items():
            with open(new / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        new.chmod(0o755)
        _replace(folder, new)
    except OSError as error:
        raise BundleError(f"The bundle cannot be written to {folder}: {error.strerror or error}.") from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)  # gone already where all went well
    return folder


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle, checked for format, version and the names in it.

    Raises:
        BundleError: there is none, it cannot be read, or a newer version wrote it.
    """
    path = folder / MANIFEST
    if not folder.exists():
        raise BundleError(
            f"There is no bundle at {folder}: the folder does not exist. A climb writes one to OUT/bundle."
        )
    if not path.is_file():
        inner = folder / "bundle"
        hint = f" Did you mean {inner}?" if (inner / MANIFEST).is_file() else " A climb writes a bundle to OUT/bundle."
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST}.{hint}")
    manifest = read_json(path)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"{path} is not the manifest of a bundle: its format is not {FORMAT!r}.")
    version = manifest.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BundleError(f"{path} is damaged: it says version {version!r}, expected a whole number from 1. {AGAIN}")
    if version > VERSION:
        raise BundleError(
            f"{folder} was written by a newer epochal ({manifest.get('epochal', 'unknown')}): it has bundle version "
            f"{version}, and this one (epochal {epochal.__version__}) reads up to {VERSION}. Upgrade epochal."
        )
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(_is_entry(entry) for entry in files.values()):
        raise BundleError(f"{path} is damaged: it does not list files with size and sha256. {AGAIN}")
    if strange := sorted(name for name in files if name not in (*DOCUMENTS, CODE) and not OF_MODELS.fullmatch(name)):
        raise BundleError(
            f"{path} names files that no bundle has: {', '.join(map(repr, strange))}. It was not opened; "
            "do not use a bundle whose origin you do not know."
        )
    if absent := sorted({*DOCUMENTS, named(TENSORS, next(iter(places(files))))} - set(files)):
        raise BundleError(f"{path} is incomplete: it does not list {', '.join(absent)}. {AGAIN}")
    whole = {named(file, place) for place in places(files) for file in (TENSORS, ESTIMATORS)}
    if loose := sorted(set(files) - whole - {*DOCUMENTS, CODE}):
        raise BundleError(f"{path} is damaged: it lists {', '.join(loose)} of a model that it does not have. {AGAIN}")
    return manifest


def places(files: Iterable[str]) -> tuple[int | None, ...]:
    """The members of the ensemble that a bundle with these files holds, 0, 1, ...; None where it holds one model."""
    listed = set(files)
    if named(TENSORS, 0) not in listed or TENSORS in listed:
        return (None,)
    return tuple(takewhile(lambda place: named(TENSORS, place) in listed, count()))


def verify(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Check that each file is there with the size and the content that the manifest tells.

    Raises:
        BundleError: names the first file that is missing, of another size, or changed.
    """
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"The bundle {folder} is incomplete: {name} is missing. {AGAIN}")
        size = path.stat().st_size
        if size != entry["size"]:
            raise BundleError(
                f"The bundle {folder} is damaged: {name} has {size:,} bytes, and the manifest says "
                f"{entry['size']:,}. {AGAIN}"
            )
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != entry["sha256"]:
            raise BundleError(
                f"The bundle {folder} is damaged: {name} was changed after it was written (its SHA-256 is "
                f"{digest[:12]}..., and the manifest says {entry['sha256'][:12]}...). {AGAIN}"
            )
    for place in places(manifest["files"]):
        name = named(ESTIMATORS, place)
        if name not in manifest["files"] and (folder / name).exists():
            raise BundleError(f"The bundle {folder} has a file {name} that its manifest does not list. {AGAIN}")


def read_json(path: Path) -> Any:
    """
    Raises:
        BundleError: the file is too large for what it is, or is not JSON.
    """
    try:
        if path.stat().st_size > LARGEST_TEXT:
            raise BundleError(f"{path} is damaged: it is larger than {LARGEST_TEXT // 2**20} MiB. {AGAIN}")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{path} is damaged: it is not JSON ({error}). {AGAIN}") from error


def to_json(content: Any) -> bytes:
    return (json_text(content, indent=2, sort_keys=True) + "\n").encode()


def _manifest(files: Mapping[str, bytes]) -> bytes:
    from importlib.metadata import version

    entries = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    return to_json(
        {
            "format": FORMAT,
            "version": VERSION,
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "epochal": epochal.__version__,
            "libraries": {name: version(name) for name in ("torch", "scikit-learn", "skops", "pillow", "numpy")},
            "files": entries,
        }
    )


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("size"), int) and isinstance(entry.get("sha256"), str)


def check_place(folder: Path) -> None:
    """Only a bundle is ever replaced: nobody loses a folder of theirs to a mistyped path.

    Raises:
        BundleError: there is something else.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BundleError(f"The bundle cannot be written to {folder}: it is not a folder. Give another place.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise BundleError(
            f"The bundle cannot be written to {folder}: the folder holds other things, which would be lost. "
            "Give a new folder, or one with an older bundle."
        )


def _replace(folder: Path, new: Path) -> None:
    if not folder.exists():
        os.rename(new, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old-", dir=folder.parent))
    os.rename(folder, old)  # onto an empty folder, which POSIX allows
    try:
        os.rename(new, folder)
    except OSError:
        os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
