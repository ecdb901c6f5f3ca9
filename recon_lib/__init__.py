"""Transfer learning for accelerated MRI with a cascade of small CNNs.

The package is imported by the module, never as a whole: ``from recon_lib.imaging import fourier``. Importing
``recon_lib`` itself loads nothing but its version, so the command line and the book start at once.
"""

import os

# TensorFlow greets on standard error; a progress bar reads better without. Set it to 0 to hear it again.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

__version__ = "0.1.0"
