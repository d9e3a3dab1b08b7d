# Two commands for a fresh machine: `make demo` and `make test`. Needs Python 3.11+, git and make; the tests also node 20+
# and npm, podman, and a browser, which are installed by apt where it may.
.DEFAULT_GOAL := help
SHELL := /bin/sh
export UV_COMPILE_BYTECODE := 1
# A start without bytecode takes three times as long.
unexport PYTHONDONTWRITEBYTECODE
unexport VIRTUAL_ENV

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --frozen --no-sync
READY := .venv/.ready

.PHONY: help demo test check format bench screenshots clean
help:
	@echo "make demo    the whole loop on real flights, on this machine"
	@echo "make test    everything that must hold"
	@echo "make check   format, lint, types, import contracts"
	@echo "make format  mend format and simple lint"
	@echo "make bench   every figure that the docs give"
	@echo "make screenshots  the pictures of the README, anew"

demo: $(READY)
	@.venv/bin/greenroom demo || [ $$? -eq 130 ] # stopped by Ctrl-C, as it asks for

test: check chromium containers node
	@$(RUN) pytest -n 2 --dist loadscope

check: $(READY)
	@$(RUN) ruff format --check --quiet .
	@$(RUN) ruff check --quiet .
	@$(RUN) mypy
	@$(RUN) lint-imports --no-logo

format: $(READY)
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

bench: $(READY)
	@$(RUN) python -m benchmarks

screenshots: chromium
	@$(RUN) pytest -q tests/e2e/test_demo.py -k fits_its_window
	@mkdir -p docs/images && cp tests/e2e/screenshots/review-1280-light.png docs/images/review.png
	@for name in list try previews history; do cp tests/e2e/screenshots/demo-$$name-1280.png docs/images/$$name.png; done
	@$(RUN) python -m tests.comment_picture

.PHONY: chromium
chromium: $(READY)
	@$(RUN) python tests/chromium.py

.PHONY: containers
containers: $(READY)
	@$(RUN) python tests/containers.py

.PHONY: node
node: $(READY)
	@$(RUN) python tests/node.py

$(READY): pyproject.toml uv.lock | uv
	@echo "Making the environment in .venv …"
	@$(UV) sync --frozen --quiet
	@touch $@

.PHONY: uv
uv:
	@command -v $(UV) >/dev/null 2>&1 || { python3 -m venv .uv && .uv/bin/pip install --quiet uv; }

clean:
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist tests/github/node_modules
