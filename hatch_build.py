"""What a wheel carries beside the code: the manifest, the profiles, and the default networks with their test rows.

They lie in ``recon_lib/shipped``, laid out as in the project, where :mod:`recon_lib.core.paths` looks for them. Every
other network is known by its card alone. An editable installation reads the clone, so it gets no copies.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NETWORKS = {  # each with the profile whose network its name stands for (recon_lib.results.defaults)
    "open": ("natural-4000", "natural-4000-t1-20", "natural-4000-t2-20"),
    "desk": ("natural-4000-residual-4000", "t1-4000", "t2-4000"),
}


class Shipped(BuildHookInterface):
    """Add the files to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files.

        Args:
            version: ``standard`` or ``editable``.
            build_data: Its ``force_include`` maps files of the project to their places in the wheel.
        """
        if version != "standard":
            return
        root = Path(self.root)
        for path in shipped_files(root):
            build_data["force_include"][str(path)] = f"recon_lib/shipped/{path.relative_to(root).as_posix()}"


def shipped_files(root: Path) -> list[Path]:
    """List what a wheel carries.

    Args:
        root: The project's folder.

    Returns:
        Paths below ``root``.
    """
    results = root / "book" / "results"
    weights = {profile: results / profile / "weights" for profile in NETWORKS}
    return [
        root / "data_manifest.yaml",
        *sorted((root / "notebooks" / "params").glob("*.yaml")),
        results / "paper_tables.csv",
        *(results / name / file for name in (*NETWORKS, "scanner") for file in ("provenance.json", "slices.csv.gz")),
        *(card for folder in weights.values() for card in sorted(folder.glob("*.json"))),
        results / "coils" / "provenance.json",
        *sorted((results / "coils" / "networks").glob("*.json")),  # networks of several coils, known by their cards
        *(weights[profile] / f"{name}.safetensors" for profile, names in NETWORKS.items() for name in names),
    ]
