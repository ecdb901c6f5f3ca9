"""Scans that a user brings: read with their geometry, cut into slices, undersampled, written back.

``scan`` is what was read; ``read`` finds and reads it, ``dicom`` and ``kspace`` know their formats;
``sampling`` makes what a network sees of it; ``write`` puts a reconstruction in the scan's place.
"""

from recon_lib.scans.read import find_scans, read_scan
from recon_lib.scans.sampling import Acquired, acquire_scan
from recon_lib.scans.scan import Scan
from recon_lib.scans.write import check_output, write_scan

__all__ = ["Acquired", "Scan", "acquire_scan", "check_output", "find_scans", "read_scan", "write_scan"]
