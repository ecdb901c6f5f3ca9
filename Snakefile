# The graph of a profile's runs: train -> fine-tune -> evaluate -> collect. Each run is one notebook, executed by
# papermill; its folder is named by its identity, so what is finished is skipped and what was killed is resumed.
#
#   snakemake --cores 2 --config profile=smoke
#
# Profiles and executors of snakemake work unchanged: every rule reads and writes files only.
from recon_lib import collecting, experiment, paths, results, runs

PROFILE = experiment.load_profile(config.get("profile", "smoke"))
PLAN = {run.id: run for run in runs.plan_profile(PROFILE)}
FOLDER = str(paths.runs() / PROFILE.name)


rule collect:
    input:
        expand(FOLDER + "/{run}/run.json", run=PLAN),
    output:
        str(results.root() / PROFILE.name / "provenance.json"),
    run:
        collecting.collect(PROFILE)


rule execute:
    input:
        lambda w: FOLDER + f"/{PLAN[w.run].parent.id}/run.json" if PLAN[w.run].parent else [],
    output:
        FOLDER + "/{run}/run.json",
    wildcard_constraints:
        run="|".join(PLAN),
    params:
        notebook=lambda w: str(paths.NOTEBOOKS / f"{PLAN[w.run].kind}.ipynb"),
        choice=lambda w: " ".join(f"-p {key} {value}" for key, value in PLAN[w.run].choice.items()),
        record=lambda w: FOLDER + f"/{w.run}/{PLAN[w.run].kind}.ipynb",
    # Training fills every core; the tiny runs of the smoke profile go side by side.
    threads: 1 if PROFILE.name == "smoke" else workflow.cores
    shell:
        "mkdir -p $(dirname {params.record}) && papermill --kernel python3 --no-progress-bar {params.notebook} {params.record}"
        " -p profile {PROFILE.name} {params.choice}"
