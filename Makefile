# SPDX-License-Identifier: Apache-2.0
# The front door: every target is a thin call of Meson or of a script. `make help` lists them.

BUILD ?= build
PREFIX ?= /usr/local
LIBDIR ?= lib
DESTDIR ?=
SECONDS ?= 60
NINJA ?= ninja
MESON ?= meson
PACKAGES := scripts/install-packages.sh

# On a terminal ninja keeps to one line; elsewhere it is silent unless something fails.
NINJA_QUIET := $(shell test -t 2 || echo --quiet)
export NINJA_STATUS ?= building %f/%t: 

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build demo test check format asan tsan fuzz python python-asan wheel aarch64 install deb longest clean help

build: packages-build $(BUILD)/build.ninja ## build the program (build/tuwen) and the library
	@$(NINJA) -C $(BUILD) $(NINJA_QUIET) all

demo: packages-build $(BUILD)/build.ninja ## build, then score the pictures that ship against a few texts
	@echo 'Building tuwen (about half a minute the first time).'
	@$(NINJA) -C $(BUILD) $(NINJA_QUIET) all
	@scripts/demo.sh $(BUILD)/tuwen

test: packages-test $(BUILD)/with-tests ## build everything and run all tests
	@echo 'Building tuwen and its tests (about a minute the first time).'
	@$(NINJA) -C $(BUILD) $(NINJA_QUIET) all
	@$(MESON) test -C $(BUILD) --no-rebuild --print-errorlogs

check: packages-check $(BUILD)/with-tests ## format and static checks: style, includes, symbols, messages, clang-tidy
	@$(NINJA) -C $(BUILD) $(NINJA_QUIET) all
	@$(MESON) test -C $(BUILD) --no-rebuild --print-errorlogs --suite checks
	@scripts/format.sh --check
	@scripts/tidy.sh $(BUILD)

format: packages-check ## put all C sources into the style of .clang-format
	@scripts/format.sh

asan: packages-test ## build with gcc's address and undefined-behaviour sanitizers, and run all tests
	@scripts/sanitize.sh address,undefined build-asan

tsan: packages-test ## build with the thread sanitizer, and run the tests that use threads
	@scripts/sanitize.sh thread build-tsan

fuzz: packages-check ## run every fuzz target for SECONDS (60) from its corpus; needs clang
	@scripts/fuzz.sh build-fuzz $(SECONDS)

python: packages-python $(BUILD)/build.ninja ## build the Python package and run its tests
	@scripts/python.sh $(BUILD)

python-asan: packages-python $(BUILD)/build.ninja ## the same with the extension under the sanitizers of `make asan`
	@[ -e build-asan/build.ninja ] || $(MAKE) asan
	@scripts/python.sh build-asan

wheel: packages-build ## make the Python package's wheel and source distribution, in dist; needs the package index
	@scripts/wheel.sh dist

aarch64: packages-aarch64 ## long: cross-build for aarch64 Linux and run all tests under qemu-user; Debian on x86-64
	@scripts/aarch64.sh build-aarch64

install: packages-build $(BUILD)/build.ninja ## install to PREFIX (/usr/local), below DESTDIR
	@scripts/setup.sh $(BUILD) -Dprefix='$(PREFIX)' -Dlibdir='$(LIBDIR)'
	@$(NINJA) -C $(BUILD) $(NINJA_QUIET) all
	@DESTDIR='$(DESTDIR)' $(MESON) install -C $(BUILD) --no-rebuild --quiet
	@[ -n '$(DESTDIR)' ] || [ "$$(id -u)" != 0 ] || ! command -v ldconfig >/dev/null || ldconfig

deb: packages-build ## make a Debian package of the program and the server, in build-deb/out; Debian only
	@scripts/setup.sh build-deb -Dprefix=/usr -Dtests=false -Dwerror=false
	@$(NINJA) -C build-deb $(NINJA_QUIET) all
	@scripts/deb.sh build-deb build-deb/out

longest: ## list the longest files and functions
	@scripts/longest.sh

clean: ## remove what was built
	rm -rf $(BUILD) dist build-wheel build-asan build-tsan build-fuzz build-aarch64

help: ## this list
	@echo 'make TARGET, where TARGET is one of:'
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Not for calling by hand.
.PHONY: packages-build packages-test packages-check packages-python packages-aarch64
packages-build:
	@$(PACKAGES) build
packages-test:
	@$(PACKAGES) build test
packages-check:
	@$(PACKAGES) build test check
packages-python:
	@$(PACKAGES) build python
packages-aarch64:
	@$(PACKAGES) build test aarch64

# A first `make` leaves the tests out, so that it needs no test packages; `make test` takes them in. Warnings of a
# compiler that we have not met must not stop anybody; .ci/run makes them errors.
$(BUILD)/build.ninja: | packages-build
	@scripts/setup.sh $(BUILD) -Dtests=false -Dwerror=false

$(BUILD)/with-tests: | packages-test $(BUILD)/build.ninja
	@scripts/setup.sh $(BUILD) -Dtests=true
	@touch $@
