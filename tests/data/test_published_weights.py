"""Published weights: the table, mirrors, and downloads from a real server, checked by the digits of a file's name."""

import functools
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from epochal.core.errors import DataError
from epochal.data import published_weights
from epochal.data.published_weights import WEIGHTS, PublishedWeights, fetch_named, fetch_weights

BODY = bytes(range(256)) * 2048
DIGITS = hashlib.sha256(BODY).hexdigest()[:8]
NAME, FILE = "resnet18-weights", f"resnet18-{DIGITS}.pth"


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EPOCHAL_MIRROR", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], Path]]:
    """A web site on this machine that offers these bytes as the weights of ResNet-18."""
    root = tmp_path / "site"
    root.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def offer(content: bytes) -> Path:
            (root / FILE).write_bytes(content)
            addresses = (f"http://127.0.0.1:{server.server_port}/{FILE}",)
            weights = WEIGHTS[NAME].replace(file=FILE, sha256=DIGITS, addresses=addresses)
            monkeypatch.setitem(published_weights.WEIGHTS, NAME, weights)
            return root / FILE

        yield offer
        server.shutdown()
        thread.join()


def test_the_table_is_whole():
    assert list(WEIGHTS) == [f"resnet{depth}-weights" for depth in (18, 34, 50, 101, 152)]
    for name, weights in WEIGHTS.items():
        assert weights.name == name
        assert len(bytes.fromhex(weights.sha256)) == 4
        assert weights.file == f"{name.removesuffix('-weights')}-{weights.sha256}.pth"
        assert weights.addresses == (f"https://download.pytorch.org/models/{weights.file}",)
        assert PublishedWeights.from_json(weights.to_json()) == weights


def test_downloads_once(publish: Callable[[bytes], Path], tmp_path: Path):
    offered, told = publish(BODY), []
    path = fetch_weights(NAME, folder=tmp_path / "data", progress=lambda *values: told.append(values))
    assert path == tmp_path / "data" / NAME / FILE
    assert path.read_bytes() == BODY
    assert told[-1] == (FILE, len(BODY), len(BODY))
    offered.unlink()
    assert fetch_weights(NAME, folder=tmp_path / "data") == path


def test_what_does_not_have_the_digits_is_not_kept(publish: Callable[[bytes], Path], tmp_path: Path):
    publish(BODY[::-1])
    with pytest.raises(DataError, match=rf"expected sha256 {DIGITS}\.\.\., got [0-9a-f]{{64}}; the file there is not"):
        fetch_weights(NAME, folder=tmp_path / "data")
    assert not list((tmp_path / "data" / NAME).iterdir())


def test_a_started_download_continues(publish: Callable[[bytes], Path], tmp_path: Path):
    publish(BODY)
    part = tmp_path / "data" / NAME / f"{FILE}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:1000])
    assert fetch_weights(NAME, folder=tmp_path / "data").read_bytes() == BODY
    assert not part.exists()


def test_a_mirror_comes_first_and_is_checked(
    publish: Callable[[bytes], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    publish(BODY)
    held = tmp_path / "mirror" / NAME / FILE
    held.parent.mkdir(parents=True)
    held.write_bytes(BODY)
    monkeypatch.setenv("EPOCHAL_MIRROR", str(tmp_path / "mirror"))
    assert fetch_named(NAME) == (held, ())
    held.write_bytes(BODY[:-1])
    with pytest.raises(DataError, match=rf"is not the published file: expected sha256 {DIGITS}\.\.\., got"):
        fetch_weights(NAME)
    held.unlink()
    assert fetch_weights(NAME, folder=tmp_path / "data") == tmp_path / "data" / NAME / FILE
    monkeypatch.setenv("EPOCHAL_MIRROR", str(tmp_path / "absent"))
    with pytest.raises(DataError, match="is not a folder. Correct EPOCHAL_MIRROR"):
        fetch_weights(NAME)


def test_unknown_names_say_which_are_known():
    with pytest.raises(DataError, match=r"no weights 'resnet50'\. Did you mean resnet50-weights\? The named sets are"):
        fetch_named("resnet50")
    with pytest.raises(DataError, match=r"There are no published weights 'cifar10' here\. There are resnet18-weights,"):
        fetch_weights("cifar10")
    with pytest.raises(DataError, match=r"digits comes with scikit-learn"):
        fetch_named("digits")
