"""Reading one picture file safely: from whatever was written to 8-bit grey or colour, or a reason why not."""

import contextlib
import os
import stat
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from epochal.core.errors import DataError

# Formats whose decoders only decode. EPS is left out on purpose: reading it starts Ghostscript.
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "ICO")
FAMILIES = {"MPO": "JPEG", "DIB": "BMP"}
GREY_MODES = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
LARGE_PIXELS = 25_000_000  # above this JPEGs are decoded at reduced resolution, and pictures one at a time
ORIENTATION = 0x0112  # the EXIF tag

_guard = threading.Lock()
_inside = 0
_limit_before: int | None = None
_large = threading.Lock()


class PictureError(DataError):
    """One picture cannot be used. `reason` says why in words that fit after the file's name."""

    def __init__(self, name: str, reason: str):
        self.name, self.reason = name, reason
        super().__init__(f"{name}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is known of a picture before it is decoded; width and height as seen, after EXIF rotation."""

    width: int
    height: int
    mode: str
    format: str
    brightest: float | None = None  # largest pixel value, for pictures deeper than 8 bits


@contextlib.contextmanager
def own_pixel_limit() -> Iterator[None]:
    """Switch off Pillow's process-wide limit on pixels, while we check each picture against ours."""
    global _inside, _limit_before
    with _guard:
        if _inside == 0:
            _limit_before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        _inside += 1
    try:
        yield
    finally:
        with _guard:
            _inside -= 1
            if _inside == 0:
                Image.MAX_IMAGE_PIXELS = _limit_before


def read_header(path: Path, *, max_megapixels: float) -> Header:
    """Size, mode and format of a picture file, without decoding it where the format allows.

    Raises:
        PictureError: with the reason why the file cannot be used.
    """
    with _opened(path, max_megapixels) as image:
        width, height = image.size
        if _orientation(image) >= 5:  # 5 to 8 exchange rows and columns
            width, height = height, width
        brightest = None
        if image.mode in DEEP_MODES:
            image.load()
            brightest = float(np.max(np.asarray(image)))
        return Header(width=width, height=height, mode=image.mode, format=str(image.format), brightest=brightest)


def read_picture(path: Path, *, target: tuple[int, int], white: float | None, max_megapixels: float) -> Image.Image:
    """The picture as an 8-bit image of mode L or RGB, upright, without transparency.

    `target` is the (height, width) it will be resized to; a JPEG above 25 megapixels is decoded at the smallest of
    1/2, 1/4, 1/8 of its resolution that stays four times larger than that. `white`: see `to_eight_bits`.

    Raises:
        PictureError: with the reason why the file cannot be used.
    """
    with _opened(path, max_megapixels) as image:
        large = image.size[0] * image.size[1] > LARGE_PIXELS
        with _large if large else contextlib.nullcontext():
            if large:
                image.draft(None, (4 * max(target), 4 * max(target)))
            image.load()
            return to_eight_bits(upright(image), white=white, name=str(path))


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says."""
    return ImageOps.exif_transpose(image) if _orientation(image) > 1 else image


def to_eight_bits(image: Image.Image, *, white: float | None = None, name: str = "image") -> Image.Image:
    """Mode L where the picture is grey, else RGB. Transparency shows white, animations their first frame.

    `white` is the value that becomes 255 in pictures deeper than 8 bits; None takes 65535 for whole numbers and 1
    for floating point. Brighter pictures are refused.
    """
    if image.mode in DEEP_MODES:
        return Image.fromarray(scale_to_bytes(np.asarray(image), white=white, name=name))
    grey = image.mode in GREY_MODES
    if image.has_transparency_data:
        overlay = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", overlay.size, "white"), overlay).convert("RGB")
    return image.convert("L" if grey else "RGB")


def scale_to_bytes(values: np.ndarray, *, white: float | None, name: str) -> np.ndarray:
    """Values from 0 to `white` become 0 to 255, rounded.

    Without `white`, booleans and floating point are taken as 0 to 1, bytes as 0 to 255, whole numbers as 0 to 65535.

    Raises:
        PictureError: values are no numbers, not finite, negative, or above `white`.
    """
    if values.dtype == np.uint8 and white in (None, 255):
        return values
    if values.dtype.kind not in "biuf":
        raise PictureError(name, f"pixels must be numbers; they are of type {values.dtype}")
    if white is None:
        white = 255.0 if values.dtype == np.uint8 else 65535.0 if values.dtype.kind in "iu" else 1.0
    scaled = values.astype(np.float64)
    if not np.isfinite(scaled).all():
        raise PictureError(name, "holds pixels that are not finite numbers")
    if scaled.size and scaled.min() < 0:
        raise PictureError(
            name,
            f"holds pixels below 0 (the lowest is {scaled.min():g}): shift them so that 0 is black, and say which "
            "value is white (white=...)",
        )
    if scaled.size and scaled.max() > white * 1.0001:
        raise PictureError(
            name,
            f"holds pixels of {scaled.max():g} where {white:g} is white: scale them first, or say which value is white "
            "(white=...)",
        )
    return np.floor(np.minimum(scaled / white, 1.0) * 255 + 0.5).astype(np.uint8)


def colourless(image: Image.Image) -> bool:
    """Whether an RGB or L image holds only greys."""
    if image.mode == "L":
        return True
    pixels = np.asarray(image)
    return all(bool((part[..., :1] == part[..., 1:]).all()) for part in (pixels[:1], pixels))


def ending_lies(path: Path, format: str) -> str | None:
    """The format that the file's ending promises, where it is not the real one."""
    promised = Image.registered_extensions().get(path.suffix.lower())
    if promised is None or FAMILIES.get(promised, promised) == FAMILIES.get(format, format):
        return None
    return promised


@contextlib.contextmanager
def _opened(path: Path, max_megapixels: float) -> Iterator[Image.Image]:
    """An image whose header has been read; whatever goes wrong inside becomes a PictureError with a reason."""
    name = str(path)
    reason = _unreadable(path)
    if reason:
        raise PictureError(name, reason)
    with own_pixel_limit():
        try:
            with Image.open(path, formats=_available_formats()) as image:
                megapixels = image.size[0] * image.size[1] / 1e6
                if megapixels > max_megapixels:
                    raise PictureError(
                        name, f"has {megapixels:.0f} megapixels, above the limit of {max_megapixels:g}: shrink it first"
                    )
                yield image
        except PictureError:
            raise
        except UnidentifiedImageError as error:
            raise PictureError(name, _what_is_it(path)) from error
        except PermissionError as error:
            raise PictureError(name, "may not be read: permission denied") from error
        except MemoryError as error:
            raise PictureError(name, "does not fit in memory") from error
        except Exception as error:  # damaged files make decoders raise almost anything; each is named in the report
            raise PictureError(name, f"is damaged: {error or type(error).__name__}") from error


def _available_formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _unreadable(path: Path) -> str | None:
    """Why a path cannot even be opened. Pipes and devices are refused, since opening one can wait for ever."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        linked = path.is_symlink()
        return "is a symbolic link to a file that is not there" if linked else "is not there"
    except OSError as error:
        return f"cannot be opened: {error.strerror or error}"
    except ValueError as error:  # a null character in the name
        return f"cannot be opened: {error}"
    if stat.S_ISDIR(status.st_mode):
        return "is a folder, not a picture"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    return "is empty (0 bytes)" if status.st_size == 0 else None


def _what_is_it(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(64)
    if start[4:8] == b"ftyp" and start[8:12] in (b"heic", b"heix", b"mif1", b"heim"):
        return "is a HEIC photo, which cannot be read here: convert it to JPEG"
    if b"\0" not in start and all(byte >= 9 for byte in start):
        return "is text, not a picture"
    return "is not a picture in any format known here"


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, IndexError, struct.error):
        return 1  # EXIF too damaged to read says nothing about orientation
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
