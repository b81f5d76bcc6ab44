# Needs make and Python 3.11 or later, nothing else. Everything is installed into .venv, once.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

# libvirt-python is built here, which needs a compiler and the headers of libvirt and Python. Where they are missing,
# tests of that driver are skipped, and say so.
CAN_BUILD_LIBVIRT := command -v cc >/dev/null && pkg-config --exists libvirt 2>/dev/null && \
  $(PYTHON) -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'

.PHONY: serve test check bench clean

serve: $(STAMP)
	@exec $(BIN)/odata serve vmm $(ARGS)

test: $(STAMP)
	@$(BIN)/python -m pytest -q $(ARGS)

check: $(STAMP)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

bench: $(STAMP)
	@$(BIN)/python -m benchmarks.end_to_end
	@$(BIN)/python -m benchmarks.service
	@$(BIN)/python -m benchmarks.payloads
	@$(BIN)/python -m benchmarks.expressions

clean:
	rm -rf .venv .clients .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed, and '$(PYTHON)' is not: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Installing into .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@if $(CAN_BUILD_LIBVIRT); then \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[libvirt]' || \
	  echo "libvirt-python could not be built: tests that need it are skipped." >&2; fi
	@touch $@
