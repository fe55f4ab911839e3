"""Downloading files that are named with their size and checksum, and unpacking archives without trusting them."""

import hashlib
import json
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath

from epochal.core.errors import DataError

Progress = Callable[[str, int, int], None]  # what, bytes so far, bytes in all (0: not known)
PIECE = 2**18  # bytes read at once


class _Failed(Exception):
    """One attempt did not bring the file. `again` tells whether the same address may still bring it."""

    def __init__(self, what: str, again: bool):
        super().__init__(what)
        self.again = again


def download(
    addresses: Sequence[str],
    path: Path,
    *,
    size: int | None,
    sha256: str | None,
    progress: Progress | None = None,
    timeout: float = 30.0,
    attempts: int = 3,
    pause: float = 1.0,
) -> Path:
    """Bring a file to `path`, whole and verified, or not at all.

    Addresses are tried in turn, each up to `attempts` times, with `pause` seconds before the second attempt and twice
    as long before each one after. What has come is kept next to `path` as `<name>.part`, and the next attempt, also of
    a later process or at another address, asks only for the rest. `sha256` is the whole checksum or, where no more is
    published, its first digits. A rest is joined only where the checksum, or
    If-Range with the server's ETag, shows that it belongs to the same file. `timeout` is how long a server may be
    silent, in seconds.

    Raises:
        DataError: no address brought it; the message tells what each one answered and what to do.
    """
    if path.is_file() and problem_of(path, size=size, sha256=sha256) is None:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part, failures = path.with_name(f"{path.name}.part"), []
    for address in addresses:
        if not address.startswith(("http://", "https://")):
            raise DataError(f"Expected an http or https address for {path.name}, got {address}.")
        for attempt in range(attempts):
            if attempt:
                time.sleep(pause * 2 ** (attempt - 1))
            try:
                _attempt(address, part, path.name, size, sha256, progress, timeout)
            except _Failed as failure:
                if not failure.again or attempt == attempts - 1:
                    failures.append(f"{address}: {failure}")
                    break
            else:
                os.replace(part, path)
                _forget(part, also_part=False)
                return path
    reasons = "\n".join(f"  {failure}" for failure in failures)
    raise DataError(
        f"{path.name} could not be downloaded:\n{reasons}\n"
        "Check the network and try again, what has come so far is kept. "
        f"Or bring the file by other means and put it at {path}. Or set EPOCHAL_MIRROR to a folder that holds it as "
        f"{path.parent.name}/{path.name}."
    )


def problem_of(path: Path, *, size: int | None, sha256: str | None) -> str | None:
    """What is wrong with a file: its size or its checksum; None where it is as expected."""
    found = path.stat().st_size
    if size is not None and found != size:
        return f"expected {size:,} bytes, got {found:,}"
    if sha256 is not None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not digest.startswith(sha256):
            return f"expected sha256 {sha256}{'...' if len(sha256) < len(digest) else ''}, got {digest}"
    return None


def _attempt(
    address: str,
    part: Path,
    name: str,
    size: int | None,
    sha256: str | None,
    progress: Progress | None,
    timeout: float,
) -> None:
    """One request for what is missing. Returns with `part` whole and verified."""
    have, tag = _kept(part, address, sha256 is not None)
    if size is not None and have > size:
        _forget(part)
        have = 0
    joined = have > 0
    if size is None or have < size:
        headers = {"User-Agent": "epochal", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if tag:
                headers["If-Range"] = tag
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=timeout) as response:
                joined = _receive(response, part, name, address, have, size, progress)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416:  # the rest does not exist there: what was kept is of another file
                _forget(part)
            again = error.code in (408, 416, 429) or error.code >= 500
            raise _Failed(f"the server answered {error.code} {error.reason}", again) from error
        except TimeoutError as error:
            raise _Failed(f"nothing came for {timeout:g} seconds", True) from error
        except (OSError, HTTPException) as error:  # URLError is an OSError
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, TimeoutError):
                raise _Failed(f"no connection within {timeout:g} seconds", True) from error
            raise _Failed(str(reason) or type(error).__name__, True) from error
    problem = problem_of(part, size=size, sha256=sha256)
    if problem is not None:
        _forget(part)
        # A rest that was joined to the start of another file is mended by a fresh start; a whole file is not.
        raise _Failed(f"{problem}; the file there is not the published one, or was changed on its way", joined)


def _receive(
    response: HTTPResponse, part: Path, name: str, address: str, have: int, size: int | None, progress: Progress | None
) -> bool:
    """Write the answer to `part`; whether it was joined to what was there. Raises _Failed where it was cut short."""
    joined = response.status == 206
    if joined and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        _forget(part)
        raise _Failed(f"asked for the bytes from {have:,} on, got {response.headers.get('Content-Range')}", True)
    start = have if joined else 0  # a server without Range sends everything again
    length = response.headers.get("Content-Length")
    total = start + int(length) if length and length.isdigit() else size
    if size is not None and total is not None and total != size:
        raise _Failed(f"expected {size:,} bytes, the server offers {total:,}", False)
    tag = response.headers.get("ETag", "")
    about = {"address": address, "tag": "" if tag.startswith("W/") else tag}  # weak tags do not promise equal bytes
    _note(part).write_text(json.dumps(about), encoding="utf-8")
    done = start
    with part.open("ab" if joined else "wb") as file:
        while piece := response.read(PIECE):
            done += len(piece)
            if total is not None and done > total:
                raise _Failed(f"more than the expected {total:,} bytes came", False)
            file.write(piece)
            if progress is not None:
                progress(name, done, total or 0)
    if total is not None and done < total:
        raise _Failed(f"the connection ended after {done:,} of {total:,} bytes", True)
    return joined


def _kept(part: Path, address: str, checked: bool) -> tuple[int, str]:
    """How many bytes of an earlier attempt can be built on, and the ETag to say so with.

    Another address may send the rest only where a checksum will judge the whole; without one, only the address that
    sent the start may, and only if its ETag is still the same.
    """
    if not part.is_file():
        return 0, ""
    try:
        about = json.loads(_note(part).read_text(encoding="utf-8"))
        tag = str(about["tag"]) if about["address"] == address else ""
    except (OSError, ValueError, KeyError, TypeError):
        tag = ""
    if tag or checked:
        return part.stat().st_size, tag
    _forget(part)
    return 0, ""


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _forget(part: Path, also_part: bool = True) -> None:
    if also_part:
        part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def extract(archive: Path, folder: Path, *, most_bytes: int = 8 * 2**30) -> Path:
    """Unpack a .zip or .tar.* so that `folder` then holds all of it, or does not exist.

    Files land in `folder` and nowhere else: names that lead out of it, links that do, and devices are refused, as is
    an archive that unpacks to more than `most_bytes`.

    Raises:
        DataError: the archive is damaged, or holds something that is refused.
    """
    if folder.exists():
        raise DataError(f"{folder} exists already: remove it to unpack {archive.name} again.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with _in_our_words(archive):
            if zipfile.is_zipfile(archive):
                _extract_zip(archive, temporary, most_bytes)
            else:
                with tarfile.open(archive) as opened:
                    _extract_tar(opened, archive, temporary, most_bytes)
        temporary.chmod(0o755)
        os.replace(temporary, folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster: its folder holds the same
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _extract_zip(archive: Path, folder: Path, most_bytes: int) -> None:
    with zipfile.ZipFile(archive) as opened:
        entries = opened.infolist()
        for entry in entries:
            name = PurePosixPath(entry.filename.replace("\\", "/"))
            if name.is_absolute() or ".." in name.parts or ":" in entry.filename:
                raise DataError(f"{archive} holds {entry.filename!r}, which leads out of the folder. It is refused.")
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise DataError(f"{archive} holds the link {entry.filename!r}. Archives with links are refused.")
        _check_room(archive, sum(entry.file_size for entry in entries), most_bytes)
        for entry in entries:  # reading stops at the promised file_size, so that the sum above holds
            opened.extract(entry, folder)


def _extract_tar(opened: tarfile.TarFile, archive: Path, folder: Path, most_bytes: int) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise DataError("This Python cannot unpack tar archives safely. Use Python 3.11.4 or newer.")
    total = 0
    for member in opened:
        total += member.size
        _check_room(archive, total, most_bytes)
        opened.extract(member, folder, filter="data")


def _check_room(archive: Path, total: int, most_bytes: int) -> None:
    if total > most_bytes:
        raise DataError(f"{archive} unpacks to more than {most_bytes:,} bytes. It is refused.")


@contextmanager
def _in_our_words(archive: Path) -> Iterator[None]:
    """Say in words of ours what the archive libraries complain about."""
    try:
        yield
    except tarfile.FilterError as error:
        raise DataError(f"{archive} holds an entry that is refused: {error}.") from error
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise DataError(f"{archive} is not an archive, or is damaged ({error}). Download it again.") from error
