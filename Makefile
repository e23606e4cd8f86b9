# Two commands: `make demo` runs the main job on the demo class, `make test` runs every test. Both set up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 2
# A thread that waits gives its core away: two processes that spin on two cores keep each other from working.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: demo test setup build audit bench clean

demo: setup
	$(BIN)/python -m autograder demo

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=lib:. $(BIN)/lint-imports --no-cache
	$(BIN)/python -m mypy
	$(BIN)/python -m autograder build --check
	$(BIN)/python -m autograder build
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

build: setup
	$(BIN)/python -m autograder build

audit: setup
	$(BIN)/python -m autograder audit

# make bench ONLY=grading measures a part
bench: setup
	$(BIN)/python -m autograder build
	$(BIN)/python -m autograder bench $(ONLY)

setup: $(VENV)/ready

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Backprop Kit needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.txt
	# reads the kit's pages as WCAG 2.2 asks; without npm, its test is skipped
	-command -v npm > /dev/null && npm install --silent --no-save --prefix $(VENV)/node axe-core@4.14.1
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache classroom
