"""What the header says of matrices, fields of view and the centre of encoding; the rest stands in test_kspace."""

from pathlib import Path

import pytest
from scans.raw_files import FIELD, XML

from recon_lib.core.errors import ReconError
from recon_lib.scans.ismrmrd_header import Encoding, plain_xml, read_encoding, stated_image

PATH = Path("raw.h5")
SPACE = "<reconSpace><matrixSize><x>{}</x><y>{}</y><z>1</z></matrixSize>{}</reconSpace>"


def header(**changes):
    values = {"x": 128, "y": 60, "z": 1, "centre": 20, "kind": "cartesian", "fields": "", "image": "", "more": ""}
    return XML.format(**{**values, **changes})


def test_a_plain_header_states_the_matrix_and_its_centre():
    assert read_encoding(PATH, header()) == Encoding((60, 128), 20, (60, 128))
    without = header().replace("<center>20</center>", "")
    assert read_encoding(PATH, without.encode()).centre == 30


def test_the_image_is_as_large_a_part_as_its_field_of_view():
    fields = {"fields": FIELD.format(600, 360, 5), "image": SPACE.format(256, 200, FIELD.format(300, 300, 5))}
    encoding = read_encoding(PATH, header(**fields))
    assert encoding.image == (50, 64)
    assert encoding.voxel == (6.0, 4.6875, 5.0)
    larger = {**fields, "image": SPACE.format(256, 200, FIELD.format(900, 900, 5))}
    assert read_encoding(PATH, header(**larger)).image == (60, 128)


def test_without_fields_of_view_the_matrix_of_the_image_is_taken():
    encoding = read_encoding(PATH, header(image=SPACE.format(64, 80, "")))
    assert (encoding.image, encoding.voxel) == ((60, 64), None)
    flat = {"fields": FIELD.format(0, 0, 0), "image": SPACE.format(64, 48, FIELD.format(0, 0, 0))}
    encoding = read_encoding(PATH, header(**flat))
    assert (encoding.image, encoding.voxel) == ((48, 64), None)


@pytest.mark.parametrize(("mode", "is_apart"), [("separate", True), ("external", True), ("interleaved", False)])
def test_a_calibration_of_its_own_is_known(mode, is_apart):
    more = f"<parallelImaging><calibrationMode>{mode}</calibrationMode></parallelImaging>"
    assert read_encoding(PATH, header(more=more)).is_calibrated_apart == is_apart


def test_fastmri_states_the_image_with_the_readout_as_rows():
    text = header(image=SPACE.format(64, 50, FIELD.format(192, 250, 5)))
    assert stated_image(text) == ((64, 50), (3.0, 5.0, 5.0))
    assert stated_image(header(image=SPACE.format(64, 50, "")).encode()) == ((64, 50), None)
    for text in (None, header(), "<broken", header(image=SPACE.format(0, 50, ""))):
        assert stated_image(text) == (None, None)


def test_entities_are_refused():
    with pytest.raises(ValueError, match="declarations"):
        plain_xml('<!DOCTYPE x [<!ENTITY a "aaaa">]>')
    with pytest.raises(ReconError, match="declarations of its own"):
        read_encoding(PATH, '<!DOCTYPE x [<!ENTITY a "aaaa">]>')
