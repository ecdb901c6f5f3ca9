"""DICOM: which files are images, series and their frames, values and geometry, and derived series.

``files`` reads headers, ``frames`` what is needed of each slice, ``series`` lists and chooses, ``pixels`` decodes,
``volume`` puts a scan together, and ``write`` makes a series of a reconstruction.
"""
