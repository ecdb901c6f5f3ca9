"""Reconstructions without training: compressed sensing with its wavelets, conjugate symmetry."""
