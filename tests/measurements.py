"""Measurements made up for every benchmark, whose targets, tables and plots can be worked out by hand."""

from pathlib import Path

from recon_lib.core import files
from recon_lib.results import provenance

MACHINE = {"processor": "P", "cores": 2, "system": "Linux", "memory_gib": 23.5, "matmul_gflops": 200.0}


TIME = {"seconds_per_slice": 0.5, "fastest": 0.4, "slowest": 0.6, "rounds": 3}


SUB, END = "sub-network", "cascade, end to end"


def step(what, tool, size=(120, 192), **changes):
    return {"what": what, "tool": tool, "size": list(size), "batch": 1, "best": True, "setting": "s", **TIME, **changes}


ROWS = {
    "training": [
        step(SUB, "recon_lib", gflops=180.0, times_faster=1.8, times_faster_best=1.7),
        step(SUB, "recon_lib", (256, 256), gflops=140.0, times_faster=1.5, times_faster_best=1.65),
        step(SUB, "recon_lib", (256, 256), gflops=20.0, batch=2, best=False, times_faster=0.5),
        step(SUB, "pytorch", gflops=100.0),
        step(END, "recon_lib", gflops=150.0, times_faster=1.2, times_faster_best=1.2, seconds_per_slice=0.5),
        step(END, "recon_lib", (256, 256), gflops=150.0, times_faster=1.9, times_faster_best=1.9, seconds_per_slice=2),
        step(END, "pytorch", gflops=90.0),
        step(SUB, "recon_lib", gflops=500.0, times_faster_best=1.1, precision="bfloat16"),
        step(END, "recon_lib", gflops=450.0, times_faster_best=0.9, seconds_per_slice=0.1, precision="bfloat16"),
    ],
    "training_card": [
        step(SUB, "recon_lib", (256, 256), batch=50, times_faster_best=1.2, seconds_per_slice=0.0004),
        step(END, "recon_lib", (256, 176), batch=8, times_faster_best=1.3, seconds_per_slice=0.002),
        step(SUB, "recon_lib", (256, 256), batch=50, times_faster_best=0.8, seconds_per_slice=1, precision="bfloat16"),
    ],
    "inference": [
        step("network", "recon_lib", gflops=160.0, psnr=33.0, best=False, times_faster=1.2, times_faster_bart=3.0),
        step("network", "recon_lib", gflops=180.0, psnr=33.0, batch=4, times_faster_best=1.4, times_faster_bart=4.0),
        step("network", "pytorch", gflops=120.0, psnr=33.0),
        step("network", "recon_lib", gflops=400.0, psnr=33.0, batch=4, times_faster_best=0.95, precision="bfloat16"),
        {"what": "cs:l1-wavelet", "tool": "bart", "size": [120, 192], "batch": 1, **TIME, "psnr": 35.0},
    ],
    "inference_card": [
        step("network", "recon_lib", times_faster_best=1.5),
        step("network", "recon_lib", times_faster_best=1.05, precision="bfloat16"),
    ],
    "sequential": [
        step("outputs kept", "recon_lib", images=4, epochs=2, times_faster=1.55, largest_difference=0.0),
        step("predecessors run again", "recon_lib", images=4, epochs=2),
    ],
    "masks": [
        {"what": "masks", "tool": tool, "size": [8, 8], "drawn": 3, "seconds_per_mask": s, "least_acceleration": low,
         "largest_acceleration": high, "times_faster": faster}
        for tool, s, low, high, faster in (("recon_lib", 0.01, 4.0, 4.004, 60.0), ("sigpy", 0.6, 3.9, 4.1, None))
    ],
    "compressed_sensing": [
        step("zero_filled", "recon_lib", psnr=28.0, seconds_per_slice=None),
        step("cs:literal", "recon_lib", psnr=33.0, times_faster=1.25),
        step("cs:real+tv0.002", "recon_lib", psnr=38.0, times_faster=0.8),
        step("cs:l1-wavelet", "bart", psnr=37.5),
        step("cs:l1-wavelet, real", "bart", psnr=39.0),
        step("cs:l1-wavelet", "sigpy", psnr=34.0),
    ],
    "footprint": [
        {"what": what, "tool": "recon_lib", "seconds": seconds, "memory_gib": memory, **disk}
        for what, seconds, memory, disk in (
            ("import the library", 0.125, 0.0, {}), ("build the book", 61.0, 0.5, {"disk_mb": 21.0}),
            ("quick start", 100.0, 1.5, {"disk_mb": 4.0}), ("train on the images of `desk`", 200.0, 4.5, {}),
            ("explore with live networks", 60.0, 1.9, {}),
        )
    ],
    "metrics": [
        step("ssim", "recon_lib", slices=600, times_faster=3.0, largest_difference=2e-15),
        step("ssim", "scikit-image", slices=600),
    ],
    "feeding": [
        step(what, "recon_lib", size, share=share)
        for size, shares in (((120, 192), (0.01, 0.02, 0.97)), ((256, 176), (0.02, 0.05, 0.93)))
        for what, share in zip(("data feeding", "FFT and data consistency", "convolutions"), shares, strict=True)
    ],
    "coils": [
        step("maps by ESPIRiT", "sigpy", seconds_per_slice=3.0),
        step("network", "recon_lib", seconds_per_slice=0.5, seconds=3.5),
        step("L1-ESPIRiT", "bart", seconds_per_slice=2.0, seconds=5.0, iterations=80),
    ],
    "growth": [
        {"axis": axis, "value": value, "what": "step", "seconds": 3 * value**power, "memory_mib": 5.0 * value}
        for axis, power in (("pixels", 1.0), ("batch", 0.5))
        for value in (1, 2, 4)
    ],
}  # fmt: skip


def write_measurements(root: Path) -> Path:
    """Write the file of every benchmark, as if it had been run; return their folder."""
    folder = root / "benchmarks"
    for name, rows in ROWS.items():
        versions = {"python": "3.11", "keras": "3"}
        content = {"machine": MACHINE, "versions": versions, "commit": "ab" * 20 + "+", "rows": rows}
        files.write_json(folder / f"{name}.json", content)
    provenance.write_provenance(folder, {})
    return folder
