"""The explorer with live networks, in JupyterLab: any acceleration, reconstructed while one waits.

What is shown is computed anew from the reference images that lie among the results, so nothing is fetched, and one
network is in memory at a time. The book's page :mod:`recon_lib.explorer` needs no kernel.
"""

from recon_lib.explore.live import Choice, Explorer, Shown, open_explorer
from recon_lib.explore.material import Material
from recon_lib.explore.panel import ACCELERATIONS, controls
from recon_lib.explorer import method_name

__all__ = ["ACCELERATIONS", "Choice", "Explorer", "Material", "Shown", "controls", "method_name", "open_explorer"]
