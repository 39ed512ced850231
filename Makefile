# Sets up what is missing, then does the work. `make help` lists what there is.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
RUN = .venv/bin/python
READY = .venv/ready

.DEFAULT_GOAL := help
.PHONY: help figures test slow lab notebooks check lint lock clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

figures: $(READY)  ## run the notebooks on the five texts and publish figures/
	$(RUN) -m analysis.cli run

test: $(READY)  ## all tests, and the notebooks' stored outputs against a fresh run
	$(RUN) -m pytest -n 2 --dist loadfile --nbval --nbval-current-env tests notebooks

slow: $(READY)  ## the tests that take more than ten seconds each
	$(RUN) -m pytest -n 2 --dist loadfile -m slow tests

lab: $(READY)  ## JupyterLab on the notebooks
	$(RUN) -m jupyterlab

notebooks: $(READY)  ## run everything anew and store the outputs in the notebooks
	$(RUN) -m analysis.cli run --force --store

check: $(READY)  ## what is understood of the five texts and their codebook
	$(RUN) -m analysis.cli check seeds

lint: $(READY)  ## ruff
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

lock:  ## resolve the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --no-annotate --extra test --extra formats --extra chinese --extra sheets --extra learn --extra form --upgrade pyproject.toml -o requirements.lock

clean:  ## remove the environment, runs and caches
	rm -rf .venv runs .pytest_cache .ruff_cache
	find analysis tests -name __pycache__ -prune -exec rm -rf {} +

# The environment is made whole or not at all: `ready` is written last.
$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed; set PYTHON=/path/to/python" >&2; exit 2; }
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)
