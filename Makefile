# Everything a developer types. `make help` lists it; the environment is made when it is needed.
VENV ?= .venv
BIN := $(VENV)/bin
export VENV

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint type screenshots bench bench-fastai bench-scale gpu-check lock build installer installer-test clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## system libraries, virtual environment, packages (quick the second time)
	@packaging/setup.sh

demo: setup ## the built-in sample: in the window, or without a display from training to prediction
	@$(BIN)/deskclassify demo

test: setup ## the whole test suite, without a display
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(TESTS)

lint: setup ## ruff, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

type: setup ## mypy, strict
	$(BIN)/mypy

screenshots: setup ## pictures of all pages for the README, light and dark
	QT_QPA_PLATFORM=offscreen $(BIN)/python docs/make_screenshots.py

bench: setup ## how fast the window opens and scrolls, and how smooth it stays while a network trains
	QT_QPA_PLATFORM=offscreen $(BIN)/python benchmarks/startup.py 5
	QT_QPA_PLATFORM=offscreen $(BIN)/python benchmarks/grid_scroll.py
	QT_QPA_PLATFORM=offscreen $(BIN)/python benchmarks/ui_latency.py quick

bench-fastai: setup ## beside fast.ai: make bench-fastai DATA=folder [FASTAI_PYTHON=python]
	@test -n "$(DATA)" || { echo "Say which pictures to measure with: make bench-fastai DATA=folder" >&2; exit 2; }
	$(BIN)/python benchmarks/vs_fastai.py "$(DATA)" --fastai-python "$(or $(FASTAI_PYTHON),$(BIN)/python)" --markdown

bench-scale: setup ## time and memory with 1,000, 10,000 and 50,000 pictures
	$(BIN)/python benchmarks/scale.py

gpu-check: setup ## what runs on the graphics card: tests, and a benchmark [DATA=folder FASTAI_PYTHON=python]
	$(BIN)/deskclassify doctor
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -m gpu
	$(BIN)/python benchmarks/card.py $(DATA) --fastai-python "$(or $(FASTAI_PYTHON),$(BIN)/python)"

lock: setup ## write constraints.txt anew from the ranges in pyproject.toml
	$(BIN)/python packaging/lock.py

build: setup ## the wheel and the source package, in dist/
	$(BIN)/python -m build

installer: setup ## what people install, in dist/: .deb and .tar.xz for Linux, wheel and source package
	packaging/make_installer.sh

installer-test: setup ## the .deb on a clean Debian 12: window, dropped picture, training engine, removal (as root)
	packaging/installer_test.sh

clean: ## remove what was built (the environment too)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
