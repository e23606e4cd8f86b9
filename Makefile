# Two commands: `make demo` runs the main job on the demo class, `make test` runs every test. Both set up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 2
# A thread that waits gives its core away: two processes that spin on two cores keep each other from working.
export OMP_WAIT_POLICY ?= PASSIVE

# Compiled files are kept: without them every start of Python, and a test run has hundreds, reads all source anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test setup lock build audit bench clean

demo: setup
	$(BIN)/python -m autograder demo

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m autograder build --check
	$(BIN)/python -m autograder build
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report term:skip-covered --durations 15

build: setup
	$(BIN)/python -m autograder build

audit: setup
	$(BIN)/python -m autograder audit

# make bench ONLY=grading measures a part
bench: setup
	$(BIN)/python -m autograder build
	$(BIN)/python -m autograder bench $(ONLY)

setup: $(VENV)/ready

$(VENV)/ready: requirements.txt pyproject.toml autograder/requirements.lock
	$(PYTHON) lib/install.py --developer
	# reads the kit's pages as WCAG 2.2 asks; without npm, its test is skipped
	-command -v npm > /dev/null && npm install --silent --no-save --prefix $(VENV)/node axe-core@4.14.1
	touch $@

# After a change of requirements.txt or of pyproject.toml: what they ask for, package by package, for every system.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-package torch --no-emit-package backprop-kit
lock: setup
	$(LOCK) requirements.txt pyproject.toml --extra grader --extra dev --output-file autograder/requirements.lock
	$(LOCK) requirements.txt --constraint autograder/requirements.lock --output-file requirements.lock
	touch $(VENV)/ready

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache classroom
