# The graph of a profile's runs: train -> fine-tune -> evaluate -> collect. Each run is one notebook, executed by
# papermill; its folder is named by its identity, so what is finished is skipped and what was killed is resumed.
# What the results hold already, from whatever machine, is not run again: set RECON_RESULTS to an empty folder to
# do everything anew.
#
#   snakemake --cores 2 --config profile=smoke
#
# Processes share one card where its parts are named as a resource; a training takes them all, another run takes one:
#
#   snakemake --cores 8 --resources card=4 --config profile=open
#
# Profiles and executors of snakemake work unchanged: every rule reads and writes files only.
import re

from recon_lib.core import paths
from recon_lib.experiment import profile
from recon_lib.results import store
from recon_lib.runs.collect import collect
from recon_lib.runs.schedule import width
from recon_lib.runs.state import remaining

PROFILE = profile.load_profile(config.get("profile", "smoke"))
PLAN = {run.id: run for run in remaining(PROFILE)}
FOLDER = str(paths.runs() / PROFILE.name)
CARD = workflow.global_resources["card"].value if "card" in workflow.global_resources else 1


def card_parts(wildcards):
    return width(PLAN[wildcards.run], CARD, on_card=True)


rule collect:
    input:
        expand(FOLDER + "/{run}/run.json", run=PLAN),
    output:
        str(store.root() / PROFILE.name / "provenance.json"),
    run:
        collect(PROFILE)


rule execute:
    input:
        lambda w: [FOLDER + f"/{run.id}/run.json" for run in [PLAN[w.run].parent] if run and run.id in PLAN],
    output:
        FOLDER + "/{run}/run.json",
    wildcard_constraints:
        run="|".join(map(re.escape, PLAN)) or "none",
    params:
        notebook=lambda w: str(paths.NOTEBOOKS / f"{PLAN[w.run].kind}.ipynb"),
        key=lambda w: " ".join(f"-p {name} '{value}'" for name, value in PLAN[w.run].key.to_json().items()),
        record=lambda w: FOLDER + f"/{w.run}/{PLAN[w.run].kind}.ipynb",
        share=lambda w: f"{card_parts(w)}/{CARD}",
    # A run alone fills every core; the tiny runs of the smoke profile go side by side.
    threads: lambda w: 1 if PROFILE.name == "smoke" else max(1, workflow.cores * card_parts(w) // CARD)
    resources:
        card=card_parts,
    shell:
        "mkdir -p $(dirname {params.record}) && RECON_CARD_SHARE={params.share} papermill --kernel python3 --no-progress-bar {params.notebook} {params.record}"
        " -p profile {PROFILE.name} {params.key}"
