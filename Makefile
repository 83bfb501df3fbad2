# make demo     the story of the README, played on a desk of its own
# make test     everything that is checked
# make bench    the programs' times beside their floors
# make torture  the fault suite in its long form, about an hour; TORTURE_KILLS=100 and so on (tests/torture/sizes.py),
#               ONLY="filter burst" by words of their names
# make fuzz     atheris against every reader, a minute each; SECONDS_EACH=600, TICKETCTL_CORPUS for mails to begin with
# Needs Python 3.11 or newer with its venv module; sets up the rest in .venv.

PYTHON ?= python3
JOBS ?= 2
bin = .venv/bin
sources = $(shell find src bin man contrib/postfix contrib/procmail -type f ! -name '*.pyc' ! -path '*.egg-info/*' 2>/dev/null)
pip = $(bin)/python -m pip --disable-pip-version-check --no-input -q
run = env PATH="$(CURDIR)/$(bin):$$PATH"

.PHONY: demo test bench torture fuzz install lint clean

demo: install
	$(run) contrib/demo/run

test: install .venv/tools lint
	$(bin)/python -m pytest -n $(JOBS)

bench: install
	$(run) $(bin)/python tests/bench

torture: .venv/tools
	PYTHONPATH=src:tests $(bin)/python -m torture $(ONLY)

# Not among the tools: not every machine has a wheel of it.
fuzz: .venv/tools
	@$(bin)/python -c 'import atheris' 2>/dev/null || $(pip) install 'atheris~=3.0'
	PYTHONPATH=src:tests $(bin)/python -m fuzz $(ONLY)

install: .venv/installed

lint: install .venv/tools
	$(bin)/ruff check
	$(bin)/mypy
	PYTHONPATH=src $(bin)/lint-imports --no-cache --no-logo
	@if command -v mandoc >/dev/null; then set -- man/*.[1-8]; test ! -e "$$1" || mandoc -T lint -W warning "$$@"; \
	elif test "$${CI:-}" = true; then echo "mandoc is not here: the manual cannot be linted" >&2; exit 1; \
	else echo "NOTICE: mandoc is not here: the manual was not linted" >&2; fi

# What the programs stand on: only when the pins or the metadata change.
.venv/depends: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ticketctl needs Python 3.11 or newer: make PYTHON=...")'
	@echo "setting up .venv: a minute or so, the first time"
	@test -x $(bin)/python || $(PYTHON) -m venv .venv
	@rm -rf build src/*.egg-info
	@$(pip) install -c constraints.txt .
	@touch $@

# What checks them.
.venv/tools: .venv/depends
	@$(pip) install -c constraints.txt '.[dev]'
	@rm -rf build src/*.egg-info
	@touch $@

# The programs themselves, as a user has them: installed, not linked, and byte-compiled.
.venv/installed: .venv/depends $(sources)
	@rm -rf build src/*.egg-info
	@$(pip) install --no-deps --force-reinstall .
	@rm -rf build src/*.egg-info
	@$(bin)/python -m compileall -q .venv/lib
	@touch $@

clean:
	rm -rf .venv .demo build src/*.egg-info
