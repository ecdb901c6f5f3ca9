"""The XML header of ISMRMRD, which fastMRI's files hold too: matrices, fields of view, and the centre of encoding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from recon_lib.core.errors import ReconError

NAMESPACE = "{http://www.ismrm.org/ISMRMRD}"
_APART = ("separate", "external")  # calibration modes whose lines are of another scan


@dataclass(frozen=True)
class Encoding:
    """How a 2-D Cartesian scan was encoded.

    Attributes:
        size: ``(height, width)`` of the encoded matrix; the readout is the width.
        centre: The line of zero frequency.
        image: ``(height, width)`` of the image without oversampling, at most ``size``.
        voxel: Height, width and depth of a voxel in mm; ``None`` where no field of view is stated.
        is_calibrated_apart: Its calibration lines are of a scan of their own.
    """

    size: tuple[int, int]
    centre: int
    image: tuple[int, int]
    voxel: tuple[float, float, float] | None = None
    is_calibrated_apart: bool = False


def plain_xml(text: bytes | str) -> str:
    """Return a header as text.

    Args:
        text: As it is stored.

    Raises:
        ValueError: It declares entities, which may grow without bound.
    """
    xml = text.decode() if isinstance(text, bytes) else str(text)
    if "<!" in xml.replace("<!--", ""):
        raise ValueError("declarations of its own")
    return xml


def read_encoding(path: Path, text: bytes | str) -> Encoding:
    """Read the encoding of an ISMRMRD file.

    Args:
        path: The file, for messages.
        text: Its header.

    Raises:
        ReconError: It cannot be read, is not 2-D Cartesian, has several encodings, or states an impossible matrix.
    """
    try:
        xml = plain_xml(text)
    except ValueError as error:
        raise ReconError(f"{path} has a header with {error}: export it again.") from error
    try:
        encodings = ElementTree.fromstring(xml).findall(f"{NAMESPACE}encoding")
        width, height, depth = _numbers(encodings[0], "encodedSpace", "matrixSize", int)
        trajectory = encodings[0].find(f"{NAMESPACE}trajectory").text
        centre = encodings[0].find(f"{NAMESPACE}encodingLimits/{NAMESPACE}kspace_encoding_step_1/{NAMESPACE}center")
        line = height // 2 if centre is None else int(centre.text)
    except (ElementTree.ParseError, IndexError, AttributeError, TypeError, ValueError) as error:
        raise ReconError(f"{path} has no readable ISMRMRD header ({error}): export it again.") from error
    if len(encodings) != 1 or trajectory.strip().lower() != "cartesian" or depth != 1:
        raise ReconError(f"{path} is not 2-D Cartesian of one encoding: only that is read.")
    if not 0 < height <= 4096 or not 0 < width <= 8192:
        raise ReconError(f"{path} states an encoded matrix of {height}x{width}: export it again.")
    mode = encodings[0].find(f"{NAMESPACE}parallelImaging/{NAMESPACE}calibrationMode")
    is_apart = mode is not None and (mode.text or "").strip().lower() in _APART
    image, voxel = image_of(encodings[0], (height, width))
    return Encoding((height, width), line, image, voxel, is_apart)


def stated_image(text: bytes | str | None) -> tuple[tuple[int, int] | None, tuple[float, float, float] | None]:
    """Return the size of the image that the header of a fastMRI file states, and its voxel.

    Args:
        text: The dataset ``ismrmrd_header``, or ``None``.

    Returns:
        ``(height, width)``, and height, width and depth of a voxel in mm; the readout, which the header calls x, is the
        height. ``None`` for what is not stated, or cannot be read.
    """
    if text is None:
        return None, None
    try:
        encoding = ElementTree.fromstring(plain_xml(text)).find(f".//{NAMESPACE}encoding")
        height, width, _ = _numbers(encoding, "reconSpace", "matrixSize", int)
    except (AttributeError, TypeError, ValueError, ElementTree.ParseError):
        return None, None
    if min(height, width) < 1:
        return None, None
    try:
        view = _numbers(encoding, "reconSpace", "fieldOfView_mm", float)
    except (AttributeError, TypeError, ValueError):
        view = (0.0, 0.0, 0.0)
    voxel = (view[0] / height, view[1] / width, view[2])
    return (height, width), voxel if min(view) > 0 else None


def image_of(
    encoding: ElementTree.Element, size: tuple[int, int]
) -> tuple[tuple[int, int], tuple[float, float, float] | None]:
    """Return the size of the image without oversampling, and its voxel.

    The image is as large a part of the encoded matrix as its field of view is of the encoded one. Where those are not
    stated, the matrix of the image is taken.

    Args:
        encoding: The element ``encoding`` of a header.
        size: ``(height, width)`` of the encoded matrix; the readout, which the header calls x, is the width.

    Returns:
        ``(height, width)``, and height, width and depth of a voxel in mm, or ``None``.
    """
    try:
        encoded = _numbers(encoding, "encodedSpace", "fieldOfView_mm", float)
        reconstructed = _numbers(encoding, "reconSpace", "fieldOfView_mm", float)
    except (AttributeError, TypeError, ValueError):
        encoded = reconstructed = ()
    if encoded and min(*encoded, *reconstructed) > 0:
        shares = (reconstructed[1] / encoded[1], reconstructed[0] / encoded[0])
        image = tuple(max(1, min(n, round(n * share))) for n, share in zip(size, shares, strict=True))
        return image, (encoded[1] / size[0], encoded[0] / size[1], encoded[2])
    try:
        width, height, _ = _numbers(encoding, "reconSpace", "matrixSize", int)
    except (AttributeError, TypeError, ValueError):
        return size, None
    return (min(size[0], max(1, height)), min(size[1], max(1, width))), None


def _numbers(encoding: ElementTree.Element, space: str, name: str, kind: type) -> tuple:
    element = encoding.find(f"{NAMESPACE}{space}/{NAMESPACE}{name}")
    return tuple(kind(element.find(NAMESPACE + axis).text) for axis in "xyz")
