"""Scans made by hand for the tests, in every format, and a tiny network."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import SimpleITK

SHAPE = (24, 28, 5)
OBLIQUE = nibabel.affines.from_matvec(
    nibabel.eulerangles.euler2mat(0.3, -0.2, 0.1) @ np.diag([-1.5, 1.25, 4.0]), [17.0, -23.0, 5.0]
)


def head(shape=SHAPE, seed=0, peak=900.0):
    """A smooth blob with structure, positive where it is bright: no two voxels are alike."""
    rng = np.random.default_rng(seed)
    grids = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    radius = sum((g / s) ** 2 for g, s in zip(grids, (0.85, 0.9, 1.6), strict=True))
    wave = sum(np.cos(rng.uniform(2, 8) * g + rng.uniform(0, 6)) for g in grids)
    volume = np.where(radius < 1, 2.5 + wave, 0.05 * rng.random(shape))
    return np.abs(volume / volume.max() * peak).astype(np.float32)


def save_nifti(path, volume, affine=OBLIQUE, dtype=np.int16, codes=(1, 1), **changes):
    """A NIfTI with both forms of the affine."""
    image = nibabel.Nifti1Image(volume.astype(dtype), affine)
    image.set_qform(affine, codes[0])
    image.set_sform(affine, codes[1])
    for key, value in changes.items():
        image.header[key] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)
    return path


def save_dicom(
    folder, volume, *, tilt=0.3, spacing=(1.5, 1.25, 3.0), reverse=True, dtype=np.uint16, names=None, **tags
):
    """A series by SimpleITK, one file a slice, tilted, named against the order of space; tags as ``t0018_0081``."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cos, sin = np.cos(tilt), np.sin(tilt)
    direction = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    image = SimpleITK.GetImageFromArray(volume.transpose(2, 1, 0).astype(dtype))
    image.SetSpacing(spacing)
    image.SetDirection(direction.ravel().tolist())
    image.SetOrigin((-10.0, 5.0, 7.0))
    common = {
        "0008|0008": "ORIGINAL\\PRIMARY\\M\\ND", "0008|0060": "MR", "0008|103e": "t1 oblique", "0010|0010": "Doe^Jane",
        "0010|0020": "sub-07", "0018|0050": "3.0", "0018|0080": "2000", "0018|0081": "4.5", "0020|000d": "1.2.3.4",
        "0020|000e": "1.2.3.4.5", "0020|0011": "3", "0020|0052": "1.2.3.9",
        "0020|0037": "\\".join(f"{v:.9g}" for v in direction.T[:2].ravel()),
    }  # fmt: skip
    writer = SimpleITK.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for k in range(volume.shape[2]):
        part = image[:, :, k : k + 1]
        own = {
            "0008|0018": f"1.2.3.4.5.{k + 1}",
            "0020|0013": str(k + 1),
            "0020|0032": "\\".join(f"{v:.9g}" for v in image.TransformIndexToPhysicalPoint((0, 0, k))),
        }
        for key, value in {**common, **own, **{n[1:].replace("_", "|"): v for n, v in tags.items()}}.items():
            part.SetMetaData(key, value)
        name = names[k] if names else f"im{volume.shape[2] - k if reverse else k:03d}"
        writer.SetImageIO("GDCMImageIO")
        writer.SetFileName(str(folder / f"{name}.dcm"))
        writer.Execute(part)
    return folder


def save_meta(path, volume, dtype=np.float32):
    """A MetaImage, turned and shifted."""
    image = SimpleITK.GetImageFromArray(volume.transpose(2, 1, 0).astype(dtype))
    image.SetSpacing((0.9, 1.1, 2.5))
    image.SetOrigin((1.0, -2.0, 3.0))
    image.SetDirection([0, -1, 0, 1, 0, 0, 0, 0, 1])
    SimpleITK.WriteImage(image, str(path))
    return path


def save_mgh(path, volume, affine=OBLIQUE, dtype=np.float32):
    """A volume of FreeSurfer."""
    nibabel.save(nibabel.MGHImage(volume.astype(dtype), affine), path)
    return path


def tiny_network(path, seed=3, normalisation=None, **card):
    """An untrained network of two sub-networks, four filters."""
    from recon_lib.experiment.recipes import Architecture
    from recon_lib.network.cascade import Cascade, build
    from recon_lib.network.files import save_network
    from recon_lib.results.released import NetworkCard

    cascade = build(Cascade(Architecture(subnetworks=2, hidden_layers=1, filters=4), seed))
    base = {"kind": "train", "training_domain": "natural", "n_train": 24, "n_images": 24, "profile": "smoke"}
    base["parameters"] = {"masks": {"acceleration": 4.0, "calibration": 24, "power": 2.0, "seed": 0}}
    if normalisation:
        base["normalisation"] = normalisation
    save_network(path, cascade, NetworkCard.from_json({**base, **card}))
    return path


def tiny_coil_network(path, seed=1, calibration=30):
    """A network of several coils with random weights, as a file."""
    from recon_lib.experiment.coil_recipes import CoilArchitecture
    from recon_lib.network.coil_cascade import CoilCascade, build_coils
    from recon_lib.network.files import save_network
    from recon_lib.results.released import NetworkCard

    shape = CoilArchitecture(subnetworks=1, hidden_layers=1, filters=2, iterations=2)
    card = NetworkCard(parameters={"calibration": calibration})
    save_network(path, build_coils(CoilCascade(shape, seed=seed)), card)
    return path
