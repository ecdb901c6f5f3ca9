import csv
import hashlib
import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from recon_lib.core.errors import ReconError
from recon_lib.data import photographs


def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def lightness_by_formula(rgb):
    """L* = 116 f(Y) - 16 with Y from linear sRGB (IEC 61966-2-1, CIE 1976)."""
    value = rgb / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.212671, 0.715160, 0.072169]
    f = np.where(luminance > (6 / 29) ** 3, np.cbrt(luminance), luminance * 29**2 / 108 + 4 / 29)
    return 116 * f - 16


def write_registry(path, originals, pixels):
    fields = ["index", "pixel_sha256", "source_url", "source_sha256"]
    fields += ["licence", "author", "landing_url", "width", "height"]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        for k, (original, lightness) in enumerate(zip(originals, pixels, strict=True)):
            height, width = np.asarray(Image.open(io.BytesIO(original))).shape[:2]
            row = [k, hashlib.sha256(lightness.tobytes()).hexdigest(), f"https://example.org/{k}.png"]
            row += [hashlib.sha256(original).hexdigest(), "CC0-1.0", "", "", width, height]
            writer.writerow(dict(zip(fields, row, strict=True)))
    return photographs.read_registry(path)


@pytest.fixture
def collection(rng, tmp_path):
    """Three originals larger than the crop, what must come out of them, and their registry."""
    rgb = [rng.integers(0, 256, (*size, 3)).astype(np.uint8) for size in ((256, 300), (281, 256), (333, 257))]
    cut = [a[a.shape[0] // 2 - 128 :, a.shape[1] // 2 - 128 :][:256, :256] for a in rgb]
    pixels = [np.round(lightness_by_formula(a) * 2.55).astype(np.uint8) for a in cut]
    originals = [png(a) for a in rgb]
    return originals, pixels, write_registry(tmp_path / "registry.csv", originals, pixels)


def serve(tmp_path, originals):
    def obtain(file):
        path = tmp_path / file.name.replace("/", "_")
        path.write_bytes(originals[int(path.stem.split("_")[-1])])
        return path

    return obtain


def test_photographs_are_rebuilt_from_their_originals(tmp_path, collection):
    originals, pixels, registry = collection
    rebuilt = list(photographs.from_originals(registry, 3, serve(tmp_path, originals)))
    assert len(rebuilt) == 3
    for ours, expected in zip(rebuilt, pixels, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert len(list(photographs.from_originals(registry, 2, serve(tmp_path, originals)))) == 2


def test_another_image_under_the_same_name_is_refused(tmp_path, collection):
    originals, _, registry = collection
    changed = np.array(Image.open(io.BytesIO(originals[1])))
    changed[140, 128] = 255 - changed[140, 128]
    with pytest.raises(ReconError, match=r"Photograph 1 .*other pixels than the registry says"):
        list(photographs.from_originals(registry, 3, serve(tmp_path, [originals[0], png(changed), originals[2]])))


def test_an_original_of_another_size_is_refused(tmp_path, collection):
    originals, _, registry = collection
    with pytest.raises(ReconError, match=r"Photograph 0 .*256x281: the registry says 300x256"):
        list(photographs.from_originals(registry, 1, serve(tmp_path, originals[1:])))


def test_an_original_that_is_no_image_is_refused(tmp_path, collection):
    originals, _, registry = collection
    with pytest.raises(ReconError, match="cannot be decoded"):
        list(photographs.from_originals(registry, 1, serve(tmp_path, [originals[0][:300]])))


def test_an_original_that_cannot_be_had_is_reported(collection):
    def unreachable(file):
        raise ReconError(f"No network for {file.url}.")

    with pytest.raises(ReconError, match=r"No network for https://example.org/0\.png"):
        list(photographs.from_originals(collection[2], 3, unreachable))


def pack(path, members):
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            if isinstance(name, tarfile.TarInfo):
                archive.addfile(name)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_packs_are_read_in_the_order_of_names(tmp_path, collection):
    _, pixels, registry = collection
    a = pack(tmp_path / "a.tar", [("0001.png", png(pixels[1])), ("0000.png", png(pixels[0]))])
    b = pack(tmp_path / "b.tar", [("0002.png", png(pixels[2]))])
    for ours, expected in zip(photographs.from_packs([a, b], registry, 3), pixels, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert len(list(photographs.from_packs([a, b], registry, 1))) == 1
    with pytest.raises(ReconError, match="3 photographs were asked for: the packs hold 2"):
        list(photographs.from_packs([a], registry, 3))


def test_a_pack_with_other_pixels_is_refused(tmp_path, collection):
    _, pixels, registry = collection
    a = pack(tmp_path / "a.tar", [("0000.png", png(pixels[1]))])
    with pytest.raises(ReconError, match=r"0000.png of a\.tar has other pixels"):
        list(photographs.from_packs([a], registry, 1))


def test_a_colour_image_in_a_pack_is_refused(tmp_path, collection):
    a = pack(tmp_path / "a.tar", [("0000.png", png(np.ones((8, 8, 3), np.uint8)))])
    with pytest.raises(ReconError, match=r"shape \(8, 8, 3\): lightness is 8 bits in 2-D"):
        list(photographs.from_packs([a], collection[2], 1))


def link(kind):
    info = tarfile.TarInfo("0000.png")
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    "member",
    [
        "../0000.png",
        "a/../../0000.png",
        "/0000.png",
        link(tarfile.SYMTYPE),
        link(tarfile.LNKTYPE),
        link(tarfile.FIFOTYPE),
    ],
    ids=["up", "inner up", "absolute", "symlink", "hard link", "fifo"],
)
def test_unsafe_members_are_refused_before_anything_is_read(tmp_path, member):
    a = pack(tmp_path / "a.tar", [("0000.png", b"good"), (member, b"bad")])
    with pytest.raises(ReconError, match="unsafe to unpack"):
        next(photographs.read_tar(a))


def test_a_truncated_tar_is_refused(tmp_path, collection):
    a = pack(tmp_path / "a.tar", [("0000.png", png(collection[1][0])), ("0001.png", png(collection[1][1]))])
    a.write_bytes(a.read_bytes()[:70000])
    with pytest.raises(ReconError, match="no readable tar"):
        list(photographs.read_tar(a))


def test_a_folder_is_read_by_name_cut_or_padded(tmp_path):
    tall = np.full((9, 4, 3), 255, np.uint8)
    tall[:2] = 0
    (tmp_path / "sub").mkdir()
    Image.fromarray(tall).save(tmp_path / "b.PNG", "PNG")
    Image.fromarray(np.full((6, 6), 255, np.uint8)).save(tmp_path / "sub" / "a.jpeg")
    Image.fromarray(np.full((6, 6), 255, np.uint8)).convert("CMYK").save(tmp_path / "a.JPEG", "JPEG")
    (tmp_path / "readme.txt").write_text("no image")
    paths = photographs.list_folder(tmp_path)
    assert [p.relative_to(tmp_path).as_posix() for p in paths] == ["a.JPEG", "b.PNG", "sub/a.jpeg"]
    cmyk, padded, grey = photographs.from_folder(paths, (6, 6))
    np.testing.assert_array_equal(grey, 255)
    assert cmyk.shape == (6, 6)
    # Rows 1..6 of nine (4 - 3 = 1), of which the first was black; four columns in the middle of six.
    expected = np.zeros((6, 6), np.uint8)
    expected[1:, 1:5] = 255
    np.testing.assert_array_equal(padded, expected)


@pytest.mark.parametrize("claim", ["sparse", "size"])
def test_a_member_that_claims_a_terabyte_is_refused_unread(tmp_path, claim):
    header = bytearray(tarfile.TarInfo("a.png").tobuf(tarfile.GNU_FORMAT))
    place = 483 if claim == "sparse" else 124
    header[place : place + 12] = b"\x80" + (1 << 40).to_bytes(11, "big")
    header[156:157] = tarfile.GNUTYPE_SPARSE if claim == "sparse" else tarfile.REGTYPE
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    (tmp_path / "p.tar").write_bytes(bytes(header) + bytes(1024))
    with pytest.raises(ReconError, match=r"p\.tar holds 'a\.png', which is unsafe|no readable tar"):
        list(photographs.read_tar(tmp_path / "p.tar"))


@pytest.mark.parametrize("side", [10_000, 14_000])
def test_a_photograph_that_unpacks_into_gigabytes_is_refused(tmp_path, side):
    Image.new("L", (side, side)).save(tmp_path / "a.png")
    with pytest.raises(ReconError, match=r"a\.png cannot be decoded as an image \(Image size"):
        next(photographs.from_folder([tmp_path / "a.png"], (8, 8)))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe", "is damaged"),
        (b"index\nx\n", "lacks the column 'source_url'"),
        (b"a\n" + b"z" * 200_000, "damaged"),
    ],
)
def test_a_damaged_registry_is_one_sentence(tmp_path, content, sentence):
    (tmp_path / "r.csv").write_bytes(content)
    with pytest.raises(ReconError, match=sentence):
        photographs.read_registry(tmp_path / "r.csv")


def test_an_index_that_is_no_number_is_one_sentence(tmp_path):
    columns = "index,pixel_sha256,source_url,source_sha256,licence,author,landing_url,width,height"
    (tmp_path / "r.csv").write_text(f"{columns}\nx,,https://example.org/a.png,{'0' * 64},,,,1,1\n")
    with pytest.raises(ReconError, match=r"damaged \(invalid literal for int"):
        photographs.read_registry(tmp_path / "r.csv")
