# Everything people do here. The first target that needs it creates .venv, installs archsim and compiles the kernels.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Folder with data sets and weights (docs/data.md) for `make accuracy`.
DATA ?=
SOURCES := $(wildcard kernels/*.pyx kernels/*.pxd kernels/*.h kernels/*.c) setup.py pyproject.toml

.PHONY: demo test lint bench docs accuracy validation notebooks golden clean

demo: $(STAMP)
	$(BIN)/archsim compare configs/von_neumann.yaml configs/pim_3d.yaml vgg16 -o out/demo

# CI runs the longer checks too.
test: $(STAMP)
	$(BIN)/python -m pytest -n 2 $(if $(CI),,-m "not slow") $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff format --check archsim tests benchmarks scripts setup.py
	$(BIN)/ruff check archsim tests benchmarks scripts setup.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell archsim tests docs configs traces kernels README.md CHANGELOG.md
	$(BIN)/interrogate -q archsim

# Makes .venv-scalesim and .venv-torch for comparisons with SCALE-Sim and PyTorch; without a package index that part is left out.
bench: $(STAMP)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python scripts/make_docs.py docs/benchmarks.md

golden: $(STAMP)
	$(BIN)/python scripts/make_golden.py

docs: $(STAMP)
	$(BIN)/python scripts/make_docs.py

# With DATA=DIR all networks, about a quarter of an hour on two cores; without, the one whose images are part of the package.
accuracy: $(STAMP)
	$(BIN)/python scripts/make_accuracy.py $(if $(DATA),--data "$(DATA)")
	$(BIN)/python scripts/make_docs.py docs/accuracy.md

notebooks: $(STAMP)
	$(BIN)/python scripts/make_notebooks.py

validation: $(STAMP)
	$(BIN)/python scripts/make_validation.py

$(STAMP): $(SOURCES)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --config-settings editable_mode=compat --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .venv-scalesim .venv-torch build out *.egg-info archsim/*.so
