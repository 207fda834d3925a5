# Everything a person does here by name; `make` alone lists it. PYTHON=/path/to/python3.12 chooses the interpreter.

PORT ?= 8000
RUNTIME := sh tools/environment.sh runtime
DEV := sh tools/environment.sh dev
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make pins"

# A granian worker that is stopped while it starts, or that gets two signals at once (a terminal's Ctrl-C reaches it
# directly and through granian), may never end; after this many seconds it is killed.
STOP_LIMIT := 2

.DEFAULT_GOAL := help
.PHONY: help run test faults lint format bench widget openapi pins clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: ## Serve the demo site at http://127.0.0.1:8000 (PORT= for another port)
	@$(RUNTIME)
	@exec env GRANIAN_WORKERS_KILL_TIMEOUT=$(STOP_LIMIT) .venv/bin/flask --app wsgi demo serve --host 127.0.0.1 --port "$(PORT)"

test: ## Run the suite on SQLite and PostgreSQL, with real Redis (EVERYTHING=1: each test on both; ARGS= for pytest)
	@$(DEV)
	@exec .venv-dev/bin/python -m pytest -n 2 --dist worksteal $(ARGS)

faults: ## Bear every promised fault at full length: 50 kills, stores away for 30 s, a fail-over (some minutes; ARGS=)
	@$(DEV)
	@exec env FAULTS=long .venv-dev/bin/python -m pytest -n 0 -v --durations 0 tests/faults $(ARGS)

lint: ## Check style, format and types
	@$(DEV)
	.venv-dev/bin/ruff check .
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/mypy
	@sh tools/widget.sh check

format: ## Put the sources into the one format, and mend what can be mended
	@$(DEV)
	.venv-dev/bin/ruff check --fix-only --quiet .
	.venv-dev/bin/ruff format .

bench: ## Measure what is promised, and print it as tables (half an hour; ARGS= for benchmarks.speed; SPAM_CSV="FILE ..." HONEST="FILE ..." add more)
	@$(RUNTIME)
	@$(DEV)
	.venv-dev/bin/python -m benchmarks.speed $(ARGS)
	.venv-dev/bin/python -m benchmarks.widget
	.venv-dev/bin/python -m benchmarks.desk_page
	.venv-dev/bin/python -m benchmarks.desk
	.venv-dev/bin/python -m benchmarks.screening
	.venv-dev/bin/python -m benchmarks.flood
	@if [ -n "$(HONEST)" ]; then .venv-dev/bin/python -m benchmarks.honest $(HONEST); fi
	@if [ -n "$(SPAM_CSV)" ]; then .venv-dev/bin/python -m benchmarks.spam $(SPAM_CSV); fi

widget: ## Build the widget from service/widget (needs Node.js; what it writes is committed)
	@sh tools/widget.sh build

openapi: ## Write openapi.yaml from the schemas
	@$(DEV)
	.venv-dev/bin/flask --app wsgi openapi write

pins: ## Write the pins from requirements/*.in (ARGS=--upgrade for newer versions)
	@command -v uv >/dev/null || $(DEV)
	@export PATH="$$PATH:.venv-dev/bin"; \
	$(COMPILE) $(ARGS) --output-file requirements.txt requirements/runtime.in && \
	$(COMPILE) $(ARGS) --output-file requirements/dev.txt requirements/dev.in && \
	$(COMPILE) $(ARGS) --no-emit-package misaka --output-file requirements/isso.txt requirements/isso.in && \
	$(COMPILE) $(ARGS) --output-file requirements/locust.txt requirements/locust.in

clean: ## Remove the environments and caches; instance/, where the data are, stays
	rm -rf .venv .venv-dev .pytest_cache .mypy_cache .ruff_cache .hypothesis service/widget/node_modules tests/integrate/react/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
