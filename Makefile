# make release   build the embedded suite for this machine and for macOS on arm64, into dist/
# make check     run the tests
# make lint      formatting, lint and types
# make check-corpus CORPUS=DIR   fetch published Mach-O files (643 MB) into DIR and test against them
# make check-fuzz   spoil 100,000 files at random and verify them (two minutes)
# make check-reproduction   build suites with planted faults over and over (minutes)
# make check-guided   let atheris search every reader for a moment, where it can be installed
#
# Everything is installed into .venv; python3 (3.11 or newer) is all that has to be there. With a C++
# compiler the native page-hash kernel is built too.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := release
.PHONY: release check check-all-hosts check-corpus check-fuzz check-guided check-reproduction lint clean

release: $(VENV)/release.stamp
	@$(BIN)/countermark release

check: $(VENV)/check.stamp
	@$(BIN)/python -m pytest --numprocesses 2

check-all-hosts: $(VENV)/check.stamp
	@$(BIN)/python -m pytest -m all_hosts

check-corpus: $(VENV)/check.stamp
	@test -n "$(CORPUS)" || { echo "name a directory: make check-corpus CORPUS=DIR" >&2; exit 2; }
	@$(BIN)/python tests/corpus/fetch.py "$(CORPUS)"
	@COUNTERMARK_CORPUS="$(CORPUS)" $(BIN)/python -m pytest -m corpus

check-fuzz: $(VENV)/check.stamp
	@$(BIN)/python -m pytest -m fuzz

check-guided: $(VENV)/check.stamp
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --only-binary atheris --editable '.[fuzz]' \
		|| echo "SKIPPED: there is no wheel of atheris for this Python; nothing is searched." >&2
	@$(BIN)/python -m pytest -m guided tests/fuzz --numprocesses 2

check-reproduction: $(VENV)/check.stamp
	@$(BIN)/python -m pytest -m reproduction --numprocesses 2

lint: $(VENV)/check.stamp
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pyright --pythonpath $(BIN)/python

$(VENV)/release.stamp: pyproject.toml CMakeLists.txt $(wildcard signing/native/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "countermark needs Python 3.11 or newer; name one with: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing countermark and its build tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --editable '.[attest,build]'
	@touch $@

$(VENV)/check.stamp: $(VENV)/release.stamp
	@echo "Installing the test tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --editable '.[attest,build,dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist
