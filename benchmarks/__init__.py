"""What the library costs beside its peers: one command each, ``python -m benchmarks.NAME``, or all: ``make bench``."""
