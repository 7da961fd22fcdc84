# Every target makes the virtual environment it needs, from Python 3.11 or newer, pip and make alone.
PYTHON ?= python3
# Where `make install` puts things. DESTDIR goes before every path; an empty folder of units installs none.
PREFIX ?= /opt/pedigreed
SYSTEM_UNITS ?= /etc/systemd/system
USER_UNITS ?= /etc/systemd/user
ENVIRONMENTS := .venv
RUN := $(ENVIRONMENTS)/run
DEV := $(ENVIRONMENTS)/dev
# For Linux and macOS, and for every Python that is supported: each pin says where it is wanted.
PINS := --quiet --universal --python-version 3.11 --constraint limits.txt --generate-hashes \
	--custom-compile-command "make pins"
# The tests measure behaviour, so nothing of the caller's own set-up may leak in.
export PYTHONHASHSEED := 0
# Without what was compiled before, each process of the many compiles all of it anew.
unexport PYTHONDONTWRITEBYTECODE
INSTALLED = DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSTEM_UNITS='$(SYSTEM_UNITS)' USER_UNITS='$(USER_UNITS)' PYTHON='$(PYTHON)'

.PHONY: help demo install install-user uninstall uninstall-user test test-quick check docs format bench picture pins release clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: $(RUN)/.ready  ## three days of a recorded archive, told in the terminal and as mails
	@$(RUN)/bin/pedigreed demo

install:  ## the program and its units, under PREFIX (/opt/pedigreed); see docs/deploy.md
	@$(INSTALLED) deploy/install

uninstall:  ## remove these again; configuration and state stay
	@$(INSTALLED) deploy/uninstall

install-user uninstall-user: PREFIX := $(HOME)/.local
install-user uninstall-user: SYSTEM_UNITS :=
install-user uninstall-user: USER_UNITS := $(or $(XDG_CONFIG_HOME),$(HOME)/.config)/systemd/user

install-user: install  ## the same for one user, without root

uninstall-user: uninstall  ## remove these again

# As many processes as there are cores, and one more. What shares a machine with systemd stays in one of them.
PYTEST = $(DEV)/bin/python -m pytest -n auto --dist loadgroup

test: $(DEV)/.ready  ## the tests
	@$(PYTEST) $(PYTEST_ARGS)

test-quick: $(DEV)/.ready  ## those that start no process and are not long, with one database and fewer random examples
	@$(PYTEST) -m "not (process or long or second_database)" --hypothesis-profile=quick $(PYTEST_ARGS)

check: $(DEV)/.ready  ## style, types, the direction of imports, that nothing is unused, and the documentation site
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports
	$(DEV)/bin/vulture
	$(DEV)/bin/deptry src
	@$(MAKE) --no-print-directory docs

docs: $(DEV)/.ready  ## the documentation site, in build/docs; a warning is an error
	@$(DEV)/bin/sphinx-build --fail-on-warning --keep-going --quiet docs build/docs

format: $(DEV)/.ready  ## bring the code into its one style
	$(DEV)/bin/ruff check --fix-only .
	$(DEV)/bin/ruff format .

bench: $(DEV)/.ready  ## measure, and write benchmarks/README.md; BENCH="idle impact" measures these anew
	$(DEV)/bin/python -m benchmarks $(BENCH)

picture: $(DEV)/.ready  ## make docs/digest.png anew, which README shows; it needs chromium
	@$(DEV)/bin/python -m pytest -q tests/digests/test_in_chromium.py -k picture_for_the_readme_is_made
	cp build/digests/readme.png docs/digest.png

pins: $(DEV)/.ready  ## write the pinned requirements anew
	cd requirements && ../$(DEV)/bin/uv pip compile $(PINS) --upgrade --output-file run.txt ../pyproject.toml build.in
	cd requirements && ../$(DEV)/bin/uv pip compile $(PINS) --upgrade --output-file dev.txt ../pyproject.toml build.in dev.in
	cd requirements && ../$(DEV)/bin/uv pip compile $(PINS) --upgrade --output-file build.txt build.in
	cd requirements && ../$(DEV)/bin/uv pip compile $(PINS) --upgrade --output-file service.txt --extra postgresql ../pyproject.toml

# The wheel is built from the sdist, which so is whole, and installed with nothing of the checkout beside it.
release: $(DEV)/.ready  ## build wheel and sdist in dist/, check both, and run the demo from the wheel alone
	rm -rf dist build/release
	$(DEV)/bin/hatchling build --target sdist
	$(DEV)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist dist/*.tar.gz
	$(DEV)/bin/twine check --strict dist/*
	$(DEV)/bin/check-wheel-contents dist/*.whl
	$(PYTHON) -m venv build/release
	build/release/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd build/release && bin/pedigreed --version && bin/pedigreed demo --folder demo > demo.txt
	@ls -l dist

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
