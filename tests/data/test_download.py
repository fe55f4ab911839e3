"""Downloads against a real server on this machine that resumes, cuts, stalls and lies; archives that attack."""

import hashlib
import io
import os
import stat
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from epochal.core.errors import DataError
from epochal.data.download import download, extract

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(BODY).hexdigest()
HALF = len(BODY) // 2


class Handler(BaseHTTPRequestHandler):
    """The first part of the path says how to behave."""

    def do_GET(self) -> None:
        way = self.path.split("/")[1]
        self.server.seen.append((way, self.headers.get("Range"), self.headers.get("If-Range")))
        count = sum(name == way for name, *_ in self.server.seen)
        if way == "gone":
            return self.send_error(404)
        if way == "busy-once" and count == 1:
            return self.send_error(503)
        if way == "stall":
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY[:1000])
            self.wfile.flush()
            self.server.released.wait(20)
            return None
        body, tag = BODY, '"first"'
        if way == "other":  # the same length, other bytes
            body, tag = BODY[::-1], '"second"'
        if way == "long":
            body = BODY + b"!"
        start, ranged = 0, self.headers.get("Range")
        if ranged and way != "no-range" and self.headers.get("If-Range", tag) == tag:
            start = int(ranged.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self.send_error(416)
            self.send_response(206)
            shown = start + 7 if way == "wrong-range" else start
            self.send_header("Content-Range", f"bytes {shown}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if way != "untold":
            self.send_header("Content-Length", str(len(body) - start))
        if way not in ("no-range", "no-tag"):
            self.send_header("ETag", tag)
        self.end_headers()
        cut = way == "always-cut" or (way in ("cut-once", "no-range", "no-tag", "wrong-range") and count == 1)
        self.wfile.write(body[start:HALF] if cut else body[start:])
        return None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.seen, served.released, served.daemon_threads = [], threading.Event(), True
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.released.set()
        served.shutdown()
        thread.join()


@pytest.fixture
def get(server, tmp_path, monkeypatch):
    """Download by ways of behaving; the server's requests are at `get.seen`."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def run(*ways: str, size: int | None = len(BODY), sha256: str | None = SHA256, **options: object) -> Path:
        addresses = [f"http://127.0.0.1:{server.server_port}/{way}/file.bin" for way in ways]
        options = {"pause": 0.0, "timeout": 5.0} | options
        return download(addresses, tmp_path / "set" / "file.bin", size=size, sha256=sha256, **options)

    run.seen, run.folder = server.seen, tmp_path / "set"
    return run


def only_the_file(folder: Path) -> bool:
    return [path.name for path in folder.iterdir()] == ["file.bin"] and (folder / "file.bin").read_bytes() == BODY


def test_whole_file_with_progress_and_then_nothing_more_is_asked(get):
    told = []
    assert get("good", progress=lambda *values: told.append(values)) == get.folder / "file.bin"
    assert only_the_file(get.folder)
    assert told[-1] == ("file.bin", len(BODY), len(BODY))
    assert len(told) > 1
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})
    get("good")
    assert len(get.seen) == 1


def test_a_damaged_file_at_its_place_is_replaced(get):
    get.folder.mkdir()
    (get.folder / "file.bin").write_bytes(BODY[::-1])
    get("good")
    assert only_the_file(get.folder)


def test_cut_download_resumes_from_where_it_ended(get):
    get("cut-once")
    assert only_the_file(get.folder)
    assert get.seen == [("cut-once", None, None), ("cut-once", f"bytes={HALF}-", '"first"')]


def test_a_later_process_resumes_and_another_address_may_send_the_rest(get):
    with pytest.raises(DataError, match=r"(?s)always-cut.*the connection ended after 524,288 of 1,048,576 bytes"):
        get("always-cut", attempts=1)
    assert (get.folder / "file.bin.part").read_bytes() == BODY[:HALF]
    assert not (get.folder / "file.bin").exists()
    get("gone", "good")
    assert only_the_file(get.folder)
    assert get.seen[1:] == [("gone", f"bytes={HALF}-", None), ("good", f"bytes={HALF}-", None)]


def test_server_without_range_sends_all_again(get):
    get("no-range")
    assert only_the_file(get.folder)
    assert get.seen[1] == ("no-range", f"bytes={HALF}-", None)


def test_rest_of_another_file_is_noticed_by_its_tag(get):
    with pytest.raises(DataError):
        get("always-cut", attempts=1, sha256=None)
    note = get.folder / "file.bin.part.json"
    note.write_text(note.read_text().replace("first", "zeroth").replace("always-cut", "good"))
    get("good", sha256=None)  # If-Range does not match: the server sends all of it
    assert only_the_file(get.folder)
    assert get.seen[-1] == ("good", f"bytes={HALF}-", '"zeroth"')


def test_without_checksum_and_tag_nothing_is_joined(get):
    get("no-tag", sha256=None, size=None)
    assert only_the_file(get.folder)
    assert [ranged for _, ranged, _ in get.seen] == [None, None]


def test_joined_rest_of_another_file_is_thrown_away_and_fetched_anew(get):
    get.folder.mkdir()
    (get.folder / "file.bin.part").write_bytes(b"x" * HALF)
    get("good")
    assert only_the_file(get.folder)
    assert [ranged for _, ranged, _ in get.seen] == [f"bytes={HALF}-", None]


def test_part_that_is_whole_or_too_long_is_judged_without_trust(get):
    get.folder.mkdir()
    (get.folder / "file.bin.part").write_bytes(BODY)
    get("good")
    assert only_the_file(get.folder)
    assert get.seen == []
    (get.folder / "file.bin").rename(get.folder / "file.bin.part")
    (get.folder / "file.bin.part").write_bytes(BODY + BODY)
    get("good")
    assert only_the_file(get.folder)
    assert get.seen == [("good", None, None)]
    (get.folder / "file.bin").unlink()
    (get.folder / "file.bin.part").write_bytes(BODY + BODY)
    get("good", size=None)  # the server answers 416
    assert only_the_file(get.folder)


def test_wrong_answer_to_range_starts_over(get):
    get("wrong-range")
    assert only_the_file(get.folder)


def test_wrong_checksum_is_said_not_retried_and_leaves_nothing(get):
    with pytest.raises(DataError, match=f"(?s)other/file.bin: expected sha256 {SHA256}, got [0-9a-f]{{64}}; the file"):
        get("other")
    assert len(get.seen) == 1
    assert list(get.folder.iterdir()) == []
    get("other", "good")
    assert only_the_file(get.folder)


def test_wrong_size_is_refused_before_it_is_read(get):
    with pytest.raises(DataError, match="expected 1,048,576 bytes, the server offers 1,048,577"):
        get("long")
    assert len(get.seen) == 1


def test_length_that_is_not_told_is_no_obstacle(get):
    get("untold", size=None)
    assert only_the_file(get.folder)


def test_missing_everywhere_says_what_each_address_answered_and_what_to_do(get):
    with pytest.raises(DataError) as caught:
        get("gone", "gone")
    text = str(caught.value)
    assert text.count("/gone/file.bin: the server answered 404 Not Found") == 2
    assert len(get.seen) == 2
    assert f"put it at {get.folder / 'file.bin'}" in text
    assert "set EPOCHAL_MIRROR to a folder that holds it as set/file.bin" in text


def test_busy_server_is_asked_again(get):
    get("busy-once")
    assert only_the_file(get.folder)
    assert len(get.seen) == 2


def test_stalled_server_ends_in_time(get):
    start = time.monotonic()
    with pytest.raises(DataError, match=r"nothing came for 0\.2 seconds"):
        get("stall", timeout=0.2, attempts=2)
    assert time.monotonic() - start < 5
    assert len(get.seen) == 2
    get("good")
    assert only_the_file(get.folder)


def test_no_server_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(DataError, match="refused"):
        download(["http://127.0.0.1:9/file"], tmp_path / "file", size=1, sha256=None, attempts=1)
    with pytest.raises(DataError, match="Expected an http or https address for file, got file:///etc/hosts"):
        download(["file:///etc/hosts"], tmp_path / "file", size=1, sha256=None)


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:xz") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_extract_brings_all_or_nothing(tmp_path):
    archive = tar_of(tmp_path / "good.tar.xz", (tarfile.TarInfo("train/ant/1.jpg"), b"one"))
    assert (extract(archive, tmp_path / "out") / "train/ant/1.jpg").read_bytes() == b"one"
    with pytest.raises(DataError, match="out exists already: remove it to unpack"):
        extract(archive, tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "good.zip", "w") as zipped:
        zipped.writestr("val/bee/2.jpg", b"two")
    assert (extract(tmp_path / "good.zip", tmp_path / "zipped") / "val/bee/2.jpg").read_bytes() == b"two"
    assert stat.S_IMODE(os.stat(tmp_path / "zipped").st_mode) == 0o755


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../escaped"),
        tarfile.TarInfo("a/../../escaped"),
        link("out", "/etc"),
        link("out", "../../escaped"),
        link("out", "../../escaped", tarfile.LNKTYPE),
        link("device", "", tarfile.CHRTYPE),
    ],
    ids=lambda member: f"{member.name}-{member.linkname}",
)
def test_tar_that_leads_out_is_refused(tmp_path, member):
    inner = tmp_path / "inner"
    inner.mkdir()
    archive = tar_of(inner / "bad.tar.xz", (tarfile.TarInfo("fine"), b"fine"), (member, b""))
    with pytest.raises(DataError, match=r"bad\.tar\.xz holds an entry that is refused"):
        extract(archive, inner / "folder" / "out")
    assert list((inner / "folder").iterdir()) == []
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped", "..\\escaped", "C:/escaped"])
def test_zip_that_leads_out_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("fine", b"fine")
        archive.writestr(name, b"bad")
    with pytest.raises(DataError, match=r"leads out of the folder. It is refused"):
        extract(tmp_path / "bad.zip", tmp_path / "folder" / "out")
    assert list((tmp_path / "folder").iterdir()) == []


def test_zip_with_a_link_and_archives_that_are_too_large_or_damaged_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc")
    with pytest.raises(DataError, match=r"holds the link 'link'. Archives with links are refused"):
        extract(tmp_path / "link.zip", tmp_path / "out")
    large = tar_of(tmp_path / "large.tar.xz", (tarfile.TarInfo("zeros"), bytes(2**20)))
    with pytest.raises(DataError, match="unpacks to more than 1,000 bytes"):
        extract(large, tmp_path / "out", most_bytes=1000)
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(2**20))
    with pytest.raises(DataError, match="unpacks to more than 1,000 bytes"):
        extract(tmp_path / "large.zip", tmp_path / "out", most_bytes=1000)
    (tmp_path / "cut.tar.xz").write_bytes(large.read_bytes()[:-40])
    (tmp_path / "page.zip").write_text("<html>not found</html>")
    for name in ("cut.tar.xz", "page.zip"):
        with pytest.raises(DataError, match="is not an archive, or is damaged"):
            extract(tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
