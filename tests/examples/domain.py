"""Print the manifest's entries for a folder of NIfTI volumes, one a person: python domain.py FOLDER NAME."""

import hashlib
import sys
from pathlib import Path

import yaml


def entries(folder, domain):
    """Name every volume with its hash; the last two people tune and test, the others train."""
    files = []
    for path in sorted(folder.glob("*.nii*")):
        facts = {"name": f"{folder.name}/{path.name}", "role": "volume", "domain": domain}
        facts |= {"subject": path.name.partition(".")[0], "bytes": path.stat().st_size}
        files.append({**facts, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
    people = [file["subject"] for file in files]
    splits = {"train": people[:-2], "pool": people[-2:-1], "test": people[-1:]}
    about = {"title": "What it is", "licence": "Its terms", "homepage": "https://...", "citation": "Whom to cite"}
    source = {"collection": folder.name, "splits": splits, "geometry": {"orientation": "RAS", "coverage": 0.1}}
    return {"collections": {folder.name: {**about, "files": files}}, "domains": {domain: {"open": source}}}


if __name__ == "__main__":
    print(yaml.safe_dump(entries(Path(sys.argv[1]), sys.argv[2]), sort_keys=False))
