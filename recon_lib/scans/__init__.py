"""Scans that a user brings: read with their geometry, cut into slices, undersampled, written back.

``scan`` is what was read; ``read`` finds and reads it, ``dicom`` and ``kspace`` know their formats;
``sampling`` makes what a network sees of it; ``write`` puts a reconstruction in the scan's place.
"""
