"""The physics and the measures: Fourier transform, masks, acquisition, metrics."""
