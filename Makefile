# make evaluate    solve, score and compare the bundled checkpoints (or MODEL=… PROBLEMS=… SAMPLES=… BUDGET=…)
# make test        type-check, build and run every test
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build evaluate test lint bench clean

MODEL ?= models/pebble-base models/pebble-sft models/pebble-grpo
PROBLEMS ?= problems/pebble
SAMPLES ?= 8
BUDGET ?=
ARGS ?=

# The postinstall script of onnxruntime-node fetches CUDA libraries and fails offline: only wanted beside an NVIDIA driver.
ifeq ($(wildcard /proc/driver/nvidia/version),)
export ONNXRUNTIME_NODE_INSTALL := skip
endif

BOXED := node dist/src/cli/main.js
JEST := node --experimental-vm-modules --no-warnings=ExperimentalWarning node_modules/jest/bin/jest.js

help:
	@sed -n 's/^# make/make/p' Makefile

setup: node_modules/.boxed-setup build

node_modules/.boxed-setup: package.json package-lock.json
	npm ci --no-progress
	@touch $@

build: node_modules/.boxed-setup
	@node_modules/.bin/tsc -p tsconfig.json

test: setup
	$(JEST) $(ARGS)

lint: setup
	node_modules/.bin/biome check .

clean:
	rm -rf dist models/*/onnx
