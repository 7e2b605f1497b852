# make demo   sets up the core and runs the main job      make test   sets up and passes the tests
# make setup  the core and local models in .venv          make check  lint, types, generated pages, tests
# make bench  speed and memory beside other tools, which get an environment of their own
PYTHON ?= python3
export PYTHON
BIN = .venv/bin
.PHONY: demo setup core dev test check lint docs bench clean

demo: core
	@$(BIN)/osler run studies/demo.toml
	@echo "Open reports/demo/report.html in a browser. Run make demo again: no call is made twice."

core:
	@scripts/setup.sh .venv

setup:
	@scripts/setup.sh .venv local train text web exchange documents search

dev:
	@scripts/setup.sh .venv local train ray fhir text web exchange inspect documents search group:test group:lint

test: dev
	@$(BIN)/python -m pytest -n 2

lint: dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: dev
	@$(BIN)/python scripts/generate.py

check: lint
	@$(BIN)/python scripts/generate.py --check
	@$(BIN)/python -m pytest -n 2

bench:
	@scripts/setup.sh .venv-bench bench
	@.venv-bench/bin/osler bench engine
	@.venv-bench/bin/osler bench train --quick
	@.venv-bench/bin/osler bench score
	@.venv-bench/bin/osler bench retrieval

clean:
	rm -rf .venv .venv-bench .tools .mypy_cache .ruff_cache .pytest_cache
