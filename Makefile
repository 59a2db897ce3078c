# Needs Python 3.11 or newer, with its venv module, and make; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install run test bench fuzz lint docs clean

help:
	@echo "make install   everything that alertd and its tests need, into .venv"
	@echo "make run       a demonstration: one alert from a pushed metric to a delivered message"
	@echo "make test      all tests"
	@echo "make bench     speed beside Alertmanager, as ratios"
	@echo "make fuzz      made-up input for one reader: TARGET=promql SECONDS=3600"
	@echo "make lint      style, types and the layers of the packages"
	@echo "make docs      the documentation as web pages, into site/"
	@echo "make clean     take away what the others made"

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q alertd
	@touch $@

run: install
	$(BIN)/alertd demo

test: install
	$(BIN)/python -m pytest -n auto

bench: install
	$(BIN)/python -m benchmarks

TARGET ?= promql
SECONDS ?= 3600

fuzz: install
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz $(TARGET) .cache/fuzz/$(TARGET) -max_total_time=$(SECONDS)

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install
	$(BIN)/zensical build --clean --strict

clean:
	rm -rf .venv .cache site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
