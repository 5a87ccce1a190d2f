# What a developer needs, from a machine that has Python 3.11 or newer, make and git.
#
# Everything is installed into .venv. A file in there says what has been
# installed, so a second run starts at once.

VENV ?= .venv
BIN := $(VENV)/bin

# The first interpreter that is new enough: a `python3` may be older, or a shim that leads nowhere.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)

.PHONY: help run test lint format docs image check-image site bench dist executable workflows fuzz-adapt fuzz-answers fuzz-https clean

help: ## print this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

run: $(VENV)/.installed-run ## serve Caddyfile.example on http://localhost:9080
	$(BIN)/snake run --config Caddyfile.example

test: $(VENV)/.installed-dev ## run every test (ARGS='-k name' for some)
	@$(BIN)/python -m compileall -q snake  # else each server that a test starts may compile it anew
	$(BIN)/pytest -n auto --dist worksteal -q $(ARGS)

lint: $(VENV)/.installed-dev ## check style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev ## let ruff write what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.installed-run ## write the pages of docs that come from the code
	$(BIN)/python -m docs.directives
	$(BIN)/python -m docs.commands
	$(BIN)/python -m docs.metrics
	$(BIN)/python -m docs.status

site: $(VENV)/.installed-docs ## build the documentation into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

grammar: $(VENV)/.installed-run ## compile grammar/caddyfile.lark to the tables beside it
	$(BIN)/python -m snake.caddyfile.compile

bench: $(VENV)/.installed-run ## compare with other servers (ARGS='--work flask' for some)
	$(BIN)/python benchmarks/compare.py $(ARGS)
	$(if $(ARGS),,$(BIN)/python benchmarks/tls.py)

image: ## make the container image (ARGS=3.11 for another Python)
	deploy/build-image.sh $(ARGS)

check-image: ## run the container image, and see that it does what it should
	deploy/check-image.sh $(ARGS)

fuzz-adapt: $(VENV)/.installed-dev ## compare Caddyfiles made by chance with Caddy (ARGS='--count 5000')
	$(BIN)/python -m tests.fuzz.adapt $(ARGS)

fuzz-answers: $(VENV)/.installed-dev ## compare what sites made by chance answer (ARGS='--count 500')
	$(BIN)/python -m tests.fuzz.answers $(ARGS)

fuzz-https: $(VENV)/.installed-dev ## compare automatic HTTPS of configs made by chance (ARGS='--count 50')
	$(BIN)/python -m tests.fuzz.https $(ARGS)

dist: $(VENV)/.installed-dev ## build the wheel and the source distribution into dist/
	rm -f dist/*.whl dist/*.tar.gz
	$(BIN)/python -m hatchling build --directory dist

executable: $(VENV)/.installed-run ## pack snake and Python into one file, dist/snake
	$(BIN)/pip install --quiet --editable '.[build]'
	@mkdir -p dist
	$(BIN)/snake build --self --force --output dist/snake

workflows: $(VENV)/.installed-dev ## check .github: with actionlint, if it is installed, and zizmor
	$(if $(shell command -v actionlint),actionlint,@echo "no actionlint: go install github.com/rhysd/actionlint/cmd/actionlint@latest")
	$(BIN)/zizmor --offline --no-progress --quiet .github

clean: ## remove everything that was made here
	rm -rf $(VENV) benchmarks/.work dist build .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pip reads dependency groups since 25.1; the one that venv brings may be older.
$(VENV)/.pip:
	@test -n "$(PYTHON)" || { echo "snake needs Python 3.11 or newer; none was found on PATH" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@touch $@

$(VENV)/.installed-run: $(VENV)/.pip pyproject.toml examples/demo/requirements.txt
	@echo "installing snake into $(VENV)"
	@$(BIN)/pip install --quiet --editable . --requirement examples/demo/requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-run
	@echo "installing the tools for tests and lint into $(VENV)"
	@$(BIN)/pip install --quiet --group test --group lint --group docs
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed-run
	@echo "installing what builds the documentation into $(VENV)"
	@$(BIN)/pip install --quiet --group docs
	@touch $@
