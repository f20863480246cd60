# Wraps `pulumi`, `python -m fleet` and `pytest`; nothing here is needed to use them by themselves.
STACK ?= dev
FLEET = venv/bin/python -m fleet
PYTEST = venv/bin/python -m pytest
# Hosts of two groups (tests/conftest.py) keep two cores at work; with a third each one waits longer, up to its limits.
SIDE_BY_SIDE = -n 2 --no-loadscope-reorder

# venv/ is installed without compiling, so that Python compiles what is used, once; many images forbid it.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = help
.PHONY: help up preview down status job setup env cancel test test-all lint unit bench dev

help: ## what there is to type
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | sed 's/[$$][$$]/$$/' | expand -t 18
	@echo; echo '  STACK=dev is the default; Pulumi.NAME.yaml is the file of the stack NAME'
	@echo '  SIM=1 makes a stack of a cloud on local hosts instead: no account, a state of its own'

up: ## make the stack what its file says; ends with its status
	@tools/setup.sh --stack '$(STACK)'
	@$(FLEET) up '$(STACK)'

preview: ## show what `make up` would do
	@tools/setup.sh --stack '$(STACK)'
	@$(FLEET) preview '$(STACK)'

down: venv/bin/python ## remove the stack, but storage it must keep
	@$(FLEET) down '$(STACK)'

status: venv/bin/python ## is every node well?
	@$(FLEET) status '$(STACK)'

job: venv/bin/python ## run the sample pipeline on the cluster, and judge by its results
	@$(FLEET) job '$(STACK)'

setup: ## only get the tools that `make up` needs
	@tools/setup.sh --stack '$(STACK)'

env: ## shell lines for plain `pulumi` commands: eval "$$(make env)"
	@tools/setup.sh --stack '$(STACK)' >&2
	@venv/bin/python -m fleet.engine env '$(STACK)'

cancel: venv/bin/python ## remove a lock on the stack's state that a run on another computer left
	@venv/bin/python -m fleet.engine cancel '$(STACK)'

test: lint ## lint, then every layer and every platform once: what CI runs
	$(PYTEST) $(SIDE_BY_SIDE) -m "not exhaustive"

test-all: lint ## lint and all tests: every fault and every pair
	$(PYTEST) $(SIDE_BY_SIDE)

lint: dev ## ruff, pyright, shellcheck, yamllint
	venv/bin/ruff check .
	venv/bin/ruff format --check .
	venv/bin/pyright
	git ls-files -coz --exclude-standard '*.sh' ':!userdata' .ci/run tools/command_plugin/pulumi-resource-command tests/simcloud/bin/* | xargs -0 venv/bin/shellcheck -x
	venv/bin/shellcheck userdata/boot.sh userdata/kernel.sh userdata/noted.sh
	cat userdata/common.sh userdata/lease.sh | venv/bin/shellcheck -s bash -
	cat userdata/common.sh userdata/venv.sh userdata/ray_head.sh userdata/ray_elastic.sh userdata/ray.sh | venv/bin/shellcheck -s bash -
	cat userdata/common.sh userdata/databases.sh userdata/venv.sh userdata/gpu.sh userdata/backendai_databases.sh userdata/backendai_manager.sh userdata/backendai_members.sh userdata/backendai_agent.sh userdata/backendai.sh | venv/bin/shellcheck -s bash -
	cat userdata/common.sh userdata/venv.sh userdata/gpu.sh userdata/backendai_agent.sh userdata/backendai.sh | venv/bin/shellcheck -s bash -
	cat userdata/common.sh userdata/databases.sh userdata/atlas_master.sh userdata/atlas_worker.sh userdata/atlas.sh | venv/bin/shellcheck -s bash -
	cat userdata/common.sh userdata/gpu.sh userdata/supervisely.sh | venv/bin/shellcheck -s bash -
	venv/bin/yamllint --strict .

unit: dev ## tests that start nothing: no engine, no hosts; seconds
	$(PYTEST) tests/unit tests/graph tests/config

bench: ## what the program, the engine and a first `up` cost, beside what others cost: hours
	@tools/setup.sh --bench
	venv/bin/python -m bench.plan
	venv/bin/python -m bench.noop
	venv/bin/python -m bench.scale
	venv/bin/python -m bench.up
	venv/bin/python -m bench.converge

dev:
	@tools/setup.sh --dev

venv/bin/python:
	@tools/setup.sh --stack '$(STACK)'
