"""The explorer with live networks, in JupyterLab: any acceleration, reconstructed while one waits.

What is shown is computed anew from the reference images that lie among the results, so nothing is fetched, and one
network is in memory at a time. The book's page :mod:`recon_lib.explorer` needs no kernel.
"""
