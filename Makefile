# Every target makes the virtual environment it needs, from Python 3.11 or newer, pip and make alone.
PYTHON ?= python3
ENVIRONMENTS := .venv
RUN := $(ENVIRONMENTS)/run
DEV := $(ENVIRONMENTS)/dev
PINS := --quiet --strip-extras --generate-hashes --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options
# The tests measure behaviour, so nothing of the caller's own set-up may leak in.
export PYTHONHASHSEED := 0

.PHONY: help demo test check format bench pins clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(RUN)/.ready  ## three days of a recorded archive, told in the terminal and as mails
	@$(RUN)/bin/pedigreed demo

test: $(DEV)/.ready  ## the tests
	@$(DEV)/bin/python -m pytest $(PYTEST_ARGS)

check: $(DEV)/.ready  ## style, types and the direction of imports
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

format: $(DEV)/.ready  ## bring the code into its one style
	$(DEV)/bin/ruff check --fix-only .
	$(DEV)/bin/ruff format .

bench: $(DEV)/.ready  ## measure, and write benchmarks/README.md
	$(DEV)/bin/python -m benchmarks

pins: $(DEV)/.ready  ## write the pinned requirements anew
	cd requirements && ../$(DEV)/bin/pip-compile $(PINS) --upgrade --output-file run.txt ../pyproject.toml build.in
	cd requirements && ../$(DEV)/bin/pip-compile $(PINS) --upgrade --output-file dev.txt ../pyproject.toml build.in dev.in

clean:  ## remove the environments and what the tools left
	rm -rf $(ENVIRONMENTS) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The build backend is pinned with the rest, so nothing is resolved at install time.
$(RUN)/.ready: requirements/run.txt pyproject.toml
	$(call environment,$(RUN),run)

$(DEV)/.ready: requirements/dev.txt pyproject.toml
	$(call environment,$(DEV),dev)

define environment
	@echo "making $(1) (once)" >&2
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(2).txt
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
endef
