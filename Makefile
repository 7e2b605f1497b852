# make demo   sets up the core and runs the main job      make test   sets up and passes the tests
# make setup  the core and local models in .venv          make check  lint, types, generated docs, tests
PYTHON ?= python3
export PYTHON
.PHONY: demo setup test check lint docs clean

setup:
	@scripts/setup.sh .venv local

