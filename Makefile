# `make` sets up .venv and runs the experiment of params.yaml, `make salsa` and `make ensembles` more of
# two papers, `make smollm2` all four with a larger language model; `make run EXPERIMENT=NAME` runs that of
# experiments/NAME; `make test` runs the tests that decide, `make test-all` all.

PYTHON ?= python3.11
CORES ?= 2
TORCH := $(shell sed -n 's/.*"torch==\(.*\)".*/\1/p' pyproject.toml)
NOT_LOCKED := torch triton $(addprefix cuda-,bindings pathfinder toolkit) $(addprefix nvidia-,cublas \
  cuda-cupti cuda-nvrtc cuda-runtime cudnn-cu13 cufft cufile curand cusolver cusparse cusparselt-cu13 \
  nccl-cu13 nvjitlink nvshmem-cu13 nvtx)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: all run params forecast report smollm2 locomotion evidence salsa ensembles test test-long test-all lint dvc.yaml seal adopt status restamp \
  why record docs lock choose export serve clean

all: .venv/installed
	snakemake --cores $(CORES)

# The experiment of experiments/NAME, with EXPERIMENT=NAME; TARGET is a result to stop at. Its parameters, with the file
# that each is from. How long what is still to be done, or TARGET, will take here, which is measured on the base model.
PARAMS = $(EXPERIMENT:%=--params experiments/%/params.yaml)
CONFIG = $(EXPERIMENT:%=--configfile experiments/%/params.yaml)
REPORT = report.zip
RESULT = $(if $(TARGET),-- $(TARGET))

run: .venv/installed
	snakemake --cores $(CORES) $(CONFIG) $(RESULT)

params: .venv/installed
	@python -m scripts.params $(PARAMS)

forecast: .venv/installed
	snakemake --cores $(CORES) $(CONFIG) -- fits
	python -m scripts.forecast $(PARAMS) --cores $(CORES) $(RESULT)

# Snakemake's own report of what has run: the page, all figures and tables with captions, and how long each job took.
report: .venv/installed
	snakemake $(CONFIG) --report $(REPORT)

# Every claim with as many seeds as decide, for README's table, and SmolLM2-135M with LoRA. PAPER=warp: that part alone.
# First it says how long it will take here; after an interruption the same command goes on.
PART_OF = $(PAPER:%=-- %_evidence)

evidence smollm2: EXPERIMENT = $@
evidence smollm2: .venv/installed
	snakemake --cores $(CORES) $(CONFIG) -- fits
	python -m scripts.forecast $(PARAMS) --cores $(CORES) $(PART_OF)
	snakemake --cores $(CORES) $(CONFIG) $(PART_OF)

# A robot that walks: with packages of its own, beside the others.
locomotion: EXPERIMENT = locomotion
locomotion: .venv/locomotion
	snakemake --cores $(CORES) $(CONFIG) $(RESULT)

# SALSA at more α and β, with the soup as the start, and over the plane.
salsa: .venv/installed
	snakemake --cores $(CORES) -- salsa

# Reward ensembles with all proxies, aggregates and β.
ensembles: .venv/installed
	snakemake --cores $(CORES) -- reward_ensembles

# What decides about correctness.
test: .venv/locomotion lint
	pytest -m "not long"

# What takes long beside: Slurm, Kubernetes, faults of storage, several processes.
test-long: .venv/locomotion
	pytest -m long

test-all: .venv/locomotion lint
	pytest

lint: .venv/installed
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules

# DVC's pipeline from Snakemake's graph; after snakemake; after dvc pull, checkout or repro; what is as recorded; after
# an edit of comments alone; why TARGET, a result or a stage, is stale. With EXPERIMENT=NAME those of experiments/NAME.

dvc.yaml: .venv/installed
	python -m scripts.dvc_graph write $(PARAMS)

seal adopt status restamp: .venv/installed
	python -m scripts.dvc_graph $@ $(PARAMS)

why: .venv/installed
	python -m scripts.dvc_graph why $(TARGET) $(PARAMS)

# What was found, as small tables in git: those of results/NAME into experiments/NAME/recorded/PART; README's table of
# claims, docs/results.md and its figures from what is recorded.
record: .venv/installed
	python -m scripts.record $(PART) $(PARAMS)

# The soup that meets WHERE="positivity >= 0.4 and kl <= 10" with the most of BEST=editorial; a soup, MIXTURE=a=0.5+b=0.5,
# as a model in EXPORT=DIRECTORY. SEED=1: of whose policies; RANK=16: of one more LoRA adapter.
EXPORTED = $(PARAMS) $(SEED:%=--seed %) $(EXPORT:%=--export %) $(RANK:%=--rank %)

choose: .venv/installed
	@python -m scripts.choose --where "$(WHERE)" --best "$(BEST)" $(EXPORTED)

export: .venv/installed
	@python -m scripts.export --mixture "$(MIXTURE)" $(EXPORTED)

docs: .venv/installed
	python -m scripts.docs

# The front of an experiment with LoRA on a local port, with λ in each request.
# Here and not in the environment, which often has a HOST or PORT of its own, but for what stands on the command line.
.PHONY: serve
serve: PORT = 8000
serve: HOST = 127.0.0.1
serve: SEED = 1
serve: MAX_BATCH = 16
serve: .venv/installed
	python -m scripts.serve $(PARAMS) --port $(PORT) --host $(HOST) --seed $(SEED) --max-batch $(MAX_BATCH)

# Everything is pinned by version and hash but torch and the CUDA packages that come with some of
# its files: which file of its one version fits is the machine's affair. Modules are compiled once, on all
# cores; where Python may not write what it compiled, every job would compile them anew. Some packages carry
# files that are not for this Python, which fail. .venv/installed is a copy of the lock file: git may make that newer
# with the content that it had, and then there is nothing to install.
.venv/installed: requirements.lock
	@cmp --silent $< $@ || { $(PYTHON) -m venv .venv \
	  && pip install --quiet --no-compile --no-deps --require-hashes -r requirements.lock \
	  && pip install --quiet --no-compile torch==$(TORCH) \
	  && { python -m compileall -qq -j 0 .venv/lib || true; } \
	  && pip check; }
	@cp $< $@

# What `make locomotion` takes beside that.
.venv/locomotion: requirements-locomotion.lock .venv/installed
	@pip install --quiet --no-deps --require-hashes -r $<
	@cp $< $@

# Renews requirements.lock from pyproject.toml, and the lock file of what locomotion takes beside it.
lock:
	uv pip compile pyproject.toml --extra test --python-version 3.11 --universal --generate-hashes \
	  --no-annotate --no-header $(addprefix --no-emit-package=,$(NOT_LOCKED)) -o requirements.lock
	uv pip compile pyproject.toml --extra locomotion --python-version 3.11 --universal --generate-hashes \
	  --no-annotate --no-header --constraint requirements.lock $(addprefix --no-emit-package=,$(NOT_LOCKED)) \
	  $(shell sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package=\1/p' requirements.lock) -o requirements-locomotion.lock

clean:
	rm -rf .venv .snakemake
