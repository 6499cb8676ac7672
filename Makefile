# make evaluate    solve, score and compare the bundled checkpoints (or MODEL=… PROBLEMS=… SAMPLES=… BUDGET=… ANSWERS=…)
# make test        type-check, build and run every test (ARGS='src/engine' for some)
# make bench       tokens/s at 1, 8, 32 and 64 rows, of a run and of decoding alone, and the time to read an answer
# make bench-export  export and decoding of a synthetic checkpoint of Qwen2.5-0.5B's shape in fp32, int8 and int4 (4 GB of disk)
# make bench-peers  decoding beside node-llama-cpp, transformers.js and, with PEER_PYTHON, PyTorch (1.2 GB of packages; ARGS='--quick')
# make bench-train  training beside PyTorch, with PEER_PYTHON (a Python that has torch and transformers)
# make soak        read answers out of a million random and mutated texts, then use an engine at random for 30 minutes (or TEXTS=… MINUTES=… SEED=…)
# make soak-kills  kill runs 200 times at random moments and compare with an undisturbed one (or KILLS=… SEED=…)
# make budget      hold the simulator's predictions against runs of 20, 60 and 180 s
# make train       train the three bundled checkpoints from nothing into training/ (or EPOCHS=…); resumes what was stopped
# make lint        check format and style
# make setup       install and build; the others do this by themselves
# make clean       remove the build and the exports
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build evaluate test lint bench bench-export bench-peers bench-train soak soak-kills budget train clean

MODEL ?= models/pebble-base models/pebble-sft models/pebble-grpo
PROBLEMS ?= problems/pebble
SAMPLES ?= 8
BUDGET ?=
# The key of PROBLEMS, opened after the runs are sealed; empty where there is none.
ANSWERS ?= $(firstword $(wildcard $(PROBLEMS)/answers.sealed.json $(PROBLEMS)/answers.csv))
ARGS ?=
TEXTS ?= 1000000
KILLS ?= 200
MINUTES ?= 30
SEED ?=

# The install script of onnxruntime-node fetches CUDA libraries and fails offline: only wanted beside an NVIDIA driver.
# There it is called by name, since npm 11 no longer runs such scripts by itself.
NVIDIA := $(wildcard /proc/driver/nvidia/version)
export ONNXRUNTIME_NODE_INSTALL := skip
# The program says so itself; this is for tests and peers that load the runtime in their own way.
export ORT_DISABLE_TELEMETRY := 1
CUDA_INSTALL := cd node_modules/onnxruntime-node && ONNXRUNTIME_NODE_INSTALL= node script/install.js

BOXED := node dist/src/cli/main.js
JEST := node --experimental-vm-modules --no-warnings=ExperimentalWarning node_modules/jest/bin/jest.js

help:
	@sed -n 's/^# make/make/p' Makefile

setup: node_modules/.boxed-setup build

node_modules/.boxed-setup: package.json package-lock.json
	npm ci --no-progress
	@$(if $(NVIDIA),$(CUDA_INSTALL) || echo "CUDA libraries could not be fetched; the CPU works without them.",:)
	@touch $@

build: node_modules/.boxed-setup
	@node_modules/.bin/tsc -p tsconfig.json
	@node_modules/.bin/tsc -p src/report/browser

# One run a model, each scored once it is sealed, then the report on all of them.
evaluate: setup
	@set -euo pipefail; runs=(); \
	for model in $(MODEL); do \
	  runs+=("$$($(BOXED) evaluate --model $$model --problems $(PROBLEMS) --samples $(SAMPLES) $(if $(BUDGET),--time-budget $(BUDGET)) $(ARGS))"); \
	done; \
	if [ -z "$(ANSWERS)" ]; then echo "No answer key: submissions in $${runs[*]}"; exit 0; fi; \
	for run in "$${runs[@]}"; do $(BOXED) score "$$run" --answers $(ANSWERS) >/dev/null; done; \
	$(BOXED) report "$${runs[@]}" --problems $(PROBLEMS) --html submissions/report.html

test: setup
	$(JEST) $(ARGS)

bench: setup
	$(BOXED) bench models/pebble-sft
	node dist/bench/answers.js

soak: setup
	node dist/bench/answers.js $(TEXTS) $(SEED)
	node --expose-gc dist/bench/engineSoak.js $(MINUTES) $(SEED)

soak-kills: setup
	node dist/bench/kills.js $(KILLS) $(SEED)

SYNTHETIC := bench/.synthetic/qwen2.5-0.5b
bench-export: setup
	node dist/bench/syntheticCheckpoint.js qwen2.5-0.5b $(SYNTHETIC)
	node dist/bench/measureExport.js $(SYNTHETIC)
	$(BOXED) bench $(SYNTHETIC) --dtype fp32,int8,int4 --rows 1,8,32 --greedy --tokens 64 --repeats 1

# The peers are packages of their own; nothing of the program depends on them, and none of their install scripts is run.
PEERS := bench/peers/node_modules/.boxed-setup
$(PEERS): bench/peers/package.json bench/peers/package-lock.json
	cd bench/peers && npm install --no-save --no-progress
	@touch $@

bench-peers: setup $(PEERS)
	node dist/bench/peers/compare.js $(ARGS)

bench-train: setup
	node dist/bench/training.js $(ARGS)

budget: setup
	node dist/bench/budget.js

# The recipe: easy problems and drills, then worked solutions for ten epochs, then rewards. Copy training/pebble-* over models/ to use them.
EPOCHS ?= 10
TRAINING := training
train: setup
	$(BOXED) train data --out $(TRAINING)/data --avoid problems/pebble
	$(BOXED) train sft --model models/pebble-base --from-scratch --data $(TRAINING)/data/base.jsonl --epochs 1 --learning-rate 0.002 \
	  --batch-tokens 3072 --out $(TRAINING)/pebble-base --validate problems/pebble
	$(BOXED) train sft --model $(TRAINING)/pebble-base --data $(TRAINING)/data/sft.jsonl --epochs $(EPOCHS) --out $(TRAINING)/pebble-sft \
	  --validate problems/pebble
	$(BOXED) train grpo --model $(TRAINING)/pebble-sft --problems $(TRAINING)/data/grpo.csv --out $(TRAINING)/pebble-grpo --validate problems/pebble

lint: setup
	node_modules/.bin/biome check .

clean:
	rm -rf dist models/*/onnx bench/.synthetic
