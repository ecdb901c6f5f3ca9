"""Transfer learning for accelerated MRI with a cascade of small CNNs.

The package is imported by the room, never as a whole: ``from recon_lib import fourier``. Importing
``recon_lib`` itself loads nothing but its version, so the command line and the book start at once.
"""

__version__ = "0.1.0"
