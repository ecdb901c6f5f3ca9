"""What the name and the header of a volume say beside its geometry: which part it is, and how it stores numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.decoding import decoding
from recon_lib.data.readers import META, MGH, NIFTI, open_image
from recon_lib.scans.storage import Storage

# The last word of a name by which BIDS and dcm2niix mark what is no magnitude.
_PARTS = {
    **dict.fromkeys(("phase", "phase1", "phase2", "phasediff", "ph"), "phase"),
    **dict.fromkeys(("real",), "real part"),
    **dict.fromkeys(("imag", "imaginary"), "imaginary part"),
}
# Words of ImageType in a sidecar of dcm2niix.
_TYPES = {
    **dict.fromkeys(("P", "PHASE", "PHASE MAP"), "phase"),
    **dict.fromkeys(("R", "REAL"), "real part"),
    **dict.fromkeys(("I", "IMAGINARY"), "imaginary part"),
}


def complex_part(path: Path) -> str:
    """Return which part of complex images a volume is, if it is no magnitude.

    Args:
        path: A volume. Its name may hold BIDS' ``part-phase``, or end with a word like ``_phase`` or ``_ph``; a sidecar
            of dcm2niix may list the part in its ``ImageType``.

    Returns:
        ``phase``, ``real part``, ``imaginary part``, or nothing.
    """
    stem = next(path.name[: -len(end)] for end in (*NIFTI[::-1], *META, *MGH) if path.name.lower().endswith(end))
    words = re.split(r"[_\s]+", stem.lower())
    entity = next((word.removeprefix("part-") for word in words if word.startswith("part-")), "")
    if entity in _PARTS:
        return _PARTS[entity]
    if len(words) > 1 and words[-1] in _PARTS and entity != "mag":
        return _PARTS[words[-1]]
    try:
        sidecar = json.loads(path.with_name(f"{stem}.json").read_text(encoding="utf-8"))
        kinds = sidecar.get("ImageType", []) if isinstance(sidecar, dict) else []
    except (OSError, ValueError):
        return ""
    parts = [_TYPES[str(kind).upper()] for kind in kinds if str(kind).upper() in _TYPES]
    return parts[0] if parts else ""


def read_storage(path: Path) -> Storage | None:
    """Return the integers that a volume stores, or ``None`` for floats.

    Args:
        path: A NIfTI, MGH or MetaImage file that could be read.

    Raises:
        ReconError: The header changed since.
    """
    try:
        with decoding():
            return _meta_storage(path) if path.name.lower().endswith(META) else _nibabel_storage(path)
    except Exception as error:  # each format's decoder raises errors of its own
        raise ReconError(f"Cannot read the header of {path}: fetch it again.") from error


def _nibabel_storage(path: Path) -> Storage | None:
    image = open_image(path)
    dtype = image.get_data_dtype()
    if dtype.kind not in "iu":
        return None
    slope, intercept = (getattr(image.dataobj, name, neutral) for name, neutral in (("slope", 1.0), ("inter", 0.0)))
    return Storage(dtype.newbyteorder("="), float(slope), float(intercept))


def _meta_storage(path: Path) -> Storage | None:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    name = SimpleITK.GetPixelIDValueAsString(reader.GetPixelID())  # such as "16-bit unsigned integer"
    bits = re.match(r"(\d+)-bit (signed|unsigned) integer$", name)
    return Storage(np.dtype(f"{'u' if bits[2] == 'unsigned' else ''}int{bits[1]}")) if bits else None
