# `make` sets up .venv and runs the experiment of params.yaml; `make test` runs the tests.

PYTHON ?= python3.11
CORES ?= 2
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: all test lint lock clean

all: .venv/installed
	snakemake --cores $(CORES)

test: .venv/installed lint
	pytest

lint: .venv/installed
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules

# torch is named apart from the rest, because which file of that version fits (with or without CUDA,
# and then with which of its packages) is the machine's affair; everything else is pinned by hash.
.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv
	pip install --quiet torch==$(shell sed -n 's/^# torch==//p' requirements.lock)
	pip install --quiet --no-deps --require-hashes -r requirements.lock
	pip check
	touch $@

# Renews requirements.lock from pyproject.toml.
lock:
	uv pip compile pyproject.toml --extra test --python-version 3.11 --universal --generate-hashes \
	  --no-emit-package torch --no-annotate --no-header --output-file requirements.lock

clean:
	rm -rf .venv .snakemake
