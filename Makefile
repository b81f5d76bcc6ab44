# Needs make and Python 3.11 or later, nothing else. Everything is installed into .venv, once.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

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
	@touch $@
