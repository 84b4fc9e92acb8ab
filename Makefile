# affectd for people with a checkout. Each command can be run again at any time.
# What takes more than a line is in scripts/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
# rustup puts cargo here and leaves the PATH of open terminals alone.
export PATH := $(PATH):$(HOME)/.cargo/bin

# Inference is up to 1.9 times faster when built for this processor. The same flags for
# tests and the program, so that nothing is compiled twice. A caller's RUSTFLAGS stay.
ifeq ($(origin RUSTFLAGS),undefined)
export RUSTFLAGS := $(shell scripts/rustflags.sh)
endif

AFFECTD := $(or $(CARGO_TARGET_DIR),./target)/release/affectd
PYTHON := .venv/bin/python
# The tests run models in it; affectd itself needs none.
export AFFECTD_TEST_ONNXRUNTIME := $(abspath $(or $(CARGO_TARGET_DIR),./target)/onnxruntime/libonnxruntime.so)

# What `make demo` plays: clip, camera, or a file or address that `affectd replay` takes.
DEMO_SOURCE ?= clip
DEMO_CLIP := demo/clip.mp4
DEMO_ADDRESS = $(if $(filter clip,$(DEMO_SOURCE)),$(DEMO_CLIP),$(if $(filter camera,$(DEMO_SOURCE)),v4l:/dev/video0,$(DEMO_SOURCE)))
DEMO_COMMAND = $(AFFECTD) replay $(DEMO_ADDRESS)

.PHONY: help demo test guest-test gstreamer-test arm64 arm64-test deb deb-test image image-test
.PHONY: test-lab models home-assistant-test onnxruntime bench deny fmt clean-demo venv venv-test

##@ To try it
demo: ## Build affectd and play a clip through it (DEMO_SOURCE=camera: your camera)
	@echo "[1/4] Setting up: Rust, ffmpeg and headers for the camera and sound card."
	@scripts/setup.sh
	@echo "[2/4] Models and clip: fetched and checked against their hashes; they are not ours to commit."
	@$(MAKE) --no-print-directory models
	@if [ "$(DEMO_SOURCE)" = clip ]; then scripts/demo-clip.sh $(DEMO_CLIP); fi
	@echo "[3/4] Building affectd (release): minutes the first time, seconds after."
	@cargo build --release
	@echo "[4/4] Watching, as it would on a board: $(DEMO_COMMAND)"
	@$(DEMO_COMMAND)

test: ## Run every check and test of the daemon, of models/fetch and of the examples
	@echo "Setting up: what the demo needs, and a broker for the MQTT tests."
	@scripts/setup.sh --tests
	@$(MAKE) --no-print-directory models venv-test onnxruntime
	@scripts/test.sh

##@ For boards
# How programs and packages for boards are built: release, or ci for a quick trial.
PROFILE ?= release
# The package's architecture: amd64 or arm64.
ARCH ?= $(shell dpkg --print-architecture 2>/dev/null)
export PROFILE

arm64: ## Build for 64-bit ARM boards (PROFILE=ci: a quick trial; installs a cross compiler)
	@scripts/arm64.sh

arm64-test: arm64 models ## Run that build in emulation against the golden vectors of all packs
	@scripts/arm64-test.sh

deb: models ## Make the Debian package into target/debian (ARCH=amd64 or arm64)
	@scripts/deb.sh $(ARCH)

deb-test: ## Install, upgrade and purge the newest package in a fresh Debian (as root)
	@tests/package/test.sh $(or $(DEB),$(shell ls -t target/debian/affectd_*_$(ARCH).deb 2>/dev/null | head -n 1))

# The board that an image is for: a folder of boards/ with an image.conf.
BOARD ?= qemu-virt
IMAGE_DEB = $(or $(DEB),"$$(ls -t target/debian/affectd_*_arm64.deb | head -n 1)")

image: ## Make a disk image that boots (BOARD=qemu-virt; DEB=a package for arm64, else one is made)
	@$(if $(DEB),true,$(MAKE) --no-print-directory deb ARCH=arm64)
	@scripts/image/build.sh $(BOARD) $(IMAGE_DEB)

image-test: image ## Boot that image in emulation: first boot, camera, power cuts, upgrade (BOARD=qemu-virt)
	@tests/image/test.sh $(BOARD) $(IMAGE_DEB)

##@ For developers
models: venv ## Fetch, convert and check the models that are not committed
	@cd models/fetch && ../../$(PYTHON) -m packfetch packs

onnxruntime: venv ## Fetch the library of ONNX Runtime that tests run models in (24 MB)
	@scripts/onnxruntime.sh $(dir $(AFFECTD_TEST_ONNXRUNTIME)) $(PYTHON)

test-lab: ## Test the training recipes (installs PyTorch: about 2 GB)
	@$(MAKE) -C models/lab test

gstreamer-test: ## Test sources of GStreamer pipelines (installs its headers and plugins)
	@scripts/setup.sh --gstreamer
	@$(MAKE) --no-print-directory models
	cargo clippy --features gstreamer --lib --test gstreamer -- -D warnings
	cargo test --features gstreamer --test gstreamer
	cargo test --features gstreamer --lib capture::

guest-test: models ## Test with real cameras and sound cards, in a virtual machine
	@scripts/setup.sh --tests
	@tests/guest/test.sh

home-assistant-test: models ## Test with a real Home Assistant (installs it: 600 MB; needs Python 3.13)
	@scripts/setup.sh --tests
	@scripts/home-assistant.sh $(or $(CARGO_TARGET_DIR),target)/home-assistant/venv

bench: models ## Measure the parts, then the whole on this machine
	cargo bench
	cargo build --release
	$(AFFECTD) bench

deny: ## Check licences, sources and advisories of the dependencies (installs cargo-deny)
	@scripts/deny.sh

fmt: venv-test ## Format Rust and Python
	cargo fmt
	$(PYTHON) -m ruff format models/fetch docs/examples

clean-demo: ## Remove what the demo made for itself: clip, models, Python environment
	rm -rf demo .venv models/{blazeface-*,geometry}/golden models/{blazeface-*,geometry}/*.onnx

venv:
	@scripts/venv.sh .venv models/fetch/requirements.txt

venv-test:
	@scripts/venv.sh .venv models/fetch/requirements-test.txt

help: ## Print this list
	@awk -f scripts/help.awk $(MAKEFILE_LIST)
