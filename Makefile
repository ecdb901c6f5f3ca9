# Every command of the project. `make` alone lists them.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do $$p -c $(SUPPORTED) 2>/dev/null && echo $$p && break; done)
SUPPORTED := 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'
CORES ?= 2

# A kernel started by the book or by papermill must be this environment's, not the user's.
ENV := PATH="$(CURDIR)/.venv/bin:$$PATH" PYTHONNOUSERSITE=1 JUPYTER_PREFER_ENV_PATH=1 TF_CPP_MIN_LOG_LEVEL=2
RUN := $(ENV) .venv/bin/python -m
INSTALLED := .venv/.installed
BOOK := .venv/.book

# $(call stage,WHAT,COMMAND): a line before, and one after with the seconds it took.
stage = @echo "== $(1)"; begin=$$(date +%s); ( $(2) ) && echo "== $(1): $$(($$(date +%s) - begin)) s"

# Before a command: it writes its runs and results into a folder that is gone when the stage ends.
SCRATCH := folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && RECON_RUNS="$$folder/runs" RECON_RESULTS="$$folder/results"

# Before a command: its papermill runs notebooks in a few kernels that stay, since each start of Keras takes seconds.
KERNELS := $(RUN) tests.kernels $(CORES)

# $(call with_versions,RESOLUTION): an environment of its own, and in it the tests that need no training, book or browser.
UNTRAINED := baselines core data experiment imaging paper results cli/test_main.py network/test_cascade.py
with_versions = "$(PYTHON)" -m venv --clear .venv-versions && .venv-versions/bin/python -m pip install --quiet uv \
	&& .venv-versions/bin/uv pip install --quiet --python .venv-versions/bin/python --resolution $(1) --prerelease disallow ".[dev]" \
	&& PYTHONPATH=. .venv-versions/bin/python -m pytest $(UNTRAINED:%=tests/%)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv book test lint format unit notebooks smoke browser coverage isolated backends mutants quickstart desk bench torture field oldest newest lock clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

venv: $(INSTALLED) ## Create .venv from requirements.lock (again only when that or pyproject.toml changes)

book: $(BOOK) ## Build the book into book/_build/html, warnings are errors
	$(call stage,book,$(ENV) .venv/bin/jupyter-book build book/ --all -W -n --keep-going)

test: lint unit notebooks smoke book browser ## Check everything: lint, unit tests, notebooks, the graph of runs, the book in a browser

lint: $(INSTALLED) ## Check style, annotations, docstrings and imports
	$(call stage,lint,$(RUN) ruff check && $(RUN) ruff format --check && $(ENV) .venv/bin/lint-imports --no-cache >/dev/null || { $(ENV) .venv/bin/lint-imports --no-cache; exit 1; })

format: $(INSTALLED) ## Format the code and mend what can be mended by itself
	$(RUN) ruff check --fix
	$(RUN) ruff format

unit: $(INSTALLED) ## Run the tests of tests/ (PYTEST="-k masks" chooses)
	$(call stage,unit tests,$(RUN) pytest -n $(CORES) --dist worksteal -m "not browser" $(PYTEST))

notebooks: $(INSTALLED) ## Run every notebook as it stands, and compare its headline values
	$(call stage,notebooks,$(SCRATCH) $(RUN) pytest -n $(CORES) --dist loadfile --nbval-lax notebooks/ && RECON_RUNS="$$folder/runs" $(RUN) tests.notebook_values)

smoke: $(INSTALLED) ## Run the whole graph of runs on generated data, in a temporary folder
	$(call stage,graph of runs,$(SCRATCH) $(KERNELS) .venv/bin/python -m snakemake --nolock --cores $(CORES) --config profile=smoke)

# The parameters of the real run; the notebook's own defaults are a smoke run.
QUICKSTART := -p source open -p network default -p n_test 10 -p n_finetune 20 -p epochs 6

quickstart: $(INSTALLED) ## Tune a released network to a scanner it has not seen: fetches three brains with pip, minutes on two cores
	@mkdir -p "$${RECON_RUNS:-runs}/quickstart"
	$(call stage,quick start,$(RUN) papermill --no-progress-bar --log-output --stdout-file /dev/stdout --log-level ERROR notebooks/quickstart.ipynb "$${RECON_RUNS:-runs}/quickstart/quickstart.ipynb" $(QUICKSTART))
	@echo "Look at $${RECON_RUNS:-runs}/quickstart: quickstart.ipynb with its plots, and in the folder beside it the picture and the tuned network."

browser: $(INSTALLED) ## Operate the explorer, and look at every page of the built book, in headless Chromium
	$(call stage,browser,$(RUN) pytest -m browser tests/test_browser.py)

# All of them by the quick tests of all, and what is for JAX alone with it.
COVERED := imaging network baselines experiment results runs
LEAST := 95
ON_JAX := tests/network/test_updates.py tests/network/test_inference.py

coverage: $(INSTALLED) ## Measure which lines of the packages that compute run in their tests: at least 95 % of each
	$(call stage,coverage,folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && export COVERAGE_FILE="$$folder/data" \
		&& $(RUN) pytest -n $(CORES) --dist worksteal -m "not slow and not browser" $(COVERED:%=--cov=recon_lib.%) --cov-report= $(COVERED:%=tests/%) \
		&& KERAS_BACKEND=jax JAX_PLATFORMS=cpu $(RUN) pytest -m "not slow" --cov=recon_lib.network --cov-append --cov-report= $(ON_JAX) \
		&& less= && for name in $(COVERED); do $(RUN) coverage report --show-missing --skip-covered --fail-under=$(LEAST) --include="recon_lib/$$name/*" || less="$$less $$name"; done \
		&& { [ -z "$$less" ] || { echo "Under $(LEAST) %:$$less" >&2; exit 1; }; })

isolated: $(INSTALLED) ## Run the tests of the lower packages in a copy without the packages above
	$(call stage,isolated packages,$(RUN) tests.isolated)

# What loads Keras, but for the explorer's notebook. Each backend has processes of its own: TensorFlow and PyTorch abort
# in one. RECON_OTHER_BACKEND: no test repeats itself on another backend.
BACKENDS ?= tensorflow jax torch
ON_BACKENDS := network runs scans/test_reconstruct.py scans/test_finetune.py test_quickstart.py
PYTORCH ?= -e ".[torch]"
TORCH := .venv-torch/.installed

backends: $(INSTALLED) $(if $(filter torch,$(BACKENDS)),$(TORCH)) ## Run what trains and reconstructs on TensorFlow, JAX and PyTorch (BACKENDS="torch" chooses)
	$(call stage,backends,for backend in $(BACKENDS); do echo "== backend $$backend"; python=.venv/bin/python; [ $$backend != torch ] || python=.venv-torch/bin/python; \
		$(ENV) KERAS_BACKEND=$$backend JAX_PLATFORMS=cpu OMP_NUM_THREADS=1 RECON_OTHER_BACKEND=1 $$python -m pytest -n $(CORES) --dist loadfile $(ON_BACKENDS:%=tests/%) $(PYTEST) || exit 1; done)

mutants: $(INSTALLED) ## Draw random wrong lines and say which no test sees: an hour (MUTANTS="--count 200 --seed 2")
	PYTHONPATH=tests nice -n 19 env $(RUN) torture.random_mutants --jobs $(CORES) $(MUTANTS)

torture: $(INSTALLED) ## Break it in every way known (kills, malformed files, wrong lines): an hour; writes its table
	PYTHONPATH=tests nice -n 19 env $(RUN) torture --keep

field: $(INSTALLED) ## Put every kind of input from the field through a command: a table, before and after
	PYTHONPATH=tests env $(RUN) field

oldest: ## Run the tests that train nothing with the oldest versions that pyproject.toml allows
	$(call stage,oldest versions,$(call with_versions,lowest-direct))

newest: ## Run the tests that train nothing with the newest versions there are
	$(call stage,newest versions,$(call with_versions,highest))

desk: $(INSTALLED) ## Train, tune and evaluate the desk profile: hours on two cores, resumes where it stopped
	$(RUN) snakemake --cores 1 --rerun-incomplete --config profile=desk
	$(RUN) recon_lib results headline

bench: $(INSTALLED) ## Time ours beside its peers, fifteen minutes on two idle cores (BENCH="masks metrics" chooses)
	$(RUN) benchmarks $(BENCH)

lock: $(INSTALLED) ## Solve pyproject.toml anew into requirements.lock (LOCK="--upgrade" takes newer versions)
	.venv/bin/python -m pip install --quiet uv
	.venv/bin/uv pip compile pyproject.toml --extra dev --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate -o requirements.lock $(LOCK)
	$(RUN) tests.lock

clean: ## Remove the environment, the built book and the caches; runs and results stay
	rm -rf .venv .venv-torch .venv-versions book/_build .pytest_cache .ruff_cache .hypothesis .snakemake
	find recon_lib tests notebooks book -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# PyTorch on top of .venv, which it leaves alone. By default it brings the CUDA libraries; where pip finds a smaller build,
# that can be named: make backends PYTORCH="torch==2.13.0+cpu".
$(TORCH): $(INSTALLED)
	.venv/bin/python -m venv --clear .venv-torch
	.venv/bin/python -c 'import site; print(f"import site; site.addsitedir({site.getsitepackages()[0]!r})")' > "$$(.venv-torch/bin/python -c 'import site; print(site.getsitepackages()[0])')/locked.pth"
	$(call stage,PyTorch,.venv-torch/bin/python -m pip install --disable-pip-version-check --no-build-isolation $(PYTORCH))
	@touch $@

# Two steps to one environment: what the book needs, which is small, and the rest of the same lock.
PIP := .venv/bin/python -m pip install --disable-pip-version-check

$(INSTALLED): $(BOOK)
	$(call stage,environment,$(PIP) --require-hashes -r requirements.lock)
	@touch $@

$(BOOK): requirements.lock pyproject.toml
	@"$(PYTHON)" -c $(SUPPORTED) 2>/dev/null || { echo "No Python 3.11 to 3.14 was found: install one, or name it: make PYTHON=path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv module: on Debian, apt install python3-venv" >&2; exit 1; }
	@.venv/bin/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear .venv
	@sed '/^# The rest:/,$$d' requirements.lock > .venv/book.lock
	$(call stage,environment of the book,$(PIP) --require-hashes -r .venv/book.lock && $(PIP) --no-deps --no-build-isolation -e .)
	@touch $@
