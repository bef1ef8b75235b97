# dnstt_exporter: two programs from three folders. `make help` lists the targets.

VERSION := 0.1.0

# --- What Debian 12 has to install: the one list. tests/lint/packages holds it to what the
# --- sources include and the scripts call.
BUILD_LIBRARIES := libc6-dev libcap-dev libseccomp-dev libmaxminddb-dev libmicrohttpd-dev \
                  libgnutls28-dev libyaml-dev libcrypt-dev zlib1g-dev
BUILD_PACKAGES := gcc make $(BUILD_LIBRARIES)
RUN_PACKAGES   := python3 libmaxmind-db-writer-perl
TEST_PACKAGES  := $(RUN_PACKAGES) clang libclang-rt-dev libcmocka-dev valgrind python3-pytest \
                  python3-scapy python3-yaml python3-cryptography python3-prometheus-client \
                  prometheus chromium chromium-driver python3-selenium iproute2 libcap2-bin \
                  binutils procps curl wget python3-jsonschema nginx
DEB_PACKAGES   := build-essential debhelper dpkg-dev
# Debian 13 has docker's command in a package of its own.
ENGINE_PACKAGES := docker.io docker-compose \
                  $(if $(filter VERSION_CODENAME=bookworm,$(file </etc/os-release)),,docker-cli)
E2E_PACKAGES   := $(DEB_PACKAGES) $(ENGINE_PACKAGES) lintian mmdebstrap systemd-container mandoc \
                  bash-completion
# Of `make coverage`, and of nothing else.
COVERAGE_PACKAGES := llvm
# Of `make proof`, which brings CBMC of a later Debian.
PROOF_PACKAGES := python3 mmdebstrap bubblewrap
QEMU_PACKAGES  := qemu-system-x86 e2fsprogs kmod
# Of arm64 on another machine: what builds for it, and what runs that.
ARM64_PACKAGES := crossbuild-essential-arm64 $(addsuffix :arm64,$(BUILD_LIBRARIES) libcmocka-dev)
QEMU_ARM64_PACKAGES := qemu-system-arm qemu-user-static arch-test e2fsprogs kmod
BENCH_PACKAGES := tcpdump golang-go golang-github-prometheus-client-golang-dev \
                  golang-github-oschwald-maxminddb-golang-dev
# Of `make image`; with ARCH=arm64 the compiler for that machine and its libraries as well.
IMAGE_PACKAGES := python3 binutils
IMAGE_ARM64_PACKAGES := gcc-aarch64-linux-gnu \
                  $(patsubst %,%:arm64,$(filter-out gcc make,$(BUILD_PACKAGES)))
LINT_PACKAGES  := git clang-format clang-tidy cppcheck shellcheck

# --- Where things go.
BUILD      ?= build
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec
DATADIR    ?= $(PREFIX)/share/dnstt-exporter
MANDIR     ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
DESTDIR    ?=

# --- How things are compiled. SANITIZE=address,undefined and WERROR=1 are for the tests.
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS   ?= -O2 -g
SANITIZE ?=
WERROR   ?=

# One short line for each file; V=1 shows the whole commands.
Q := $(if $(V),,@)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual \
            -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wpointer-arith \
            -Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough \
            -Wno-missing-field-initializers $(if $(WERROR),-Werror)
# What the compiler has is asked once, and not before it compiles: `make run` may have to bring it.
asked_once = $(eval $(1) := $(2))$($(1))
accepted = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
CONTROL_FLOW = $(call asked_once,CONTROL_FLOW,$(or $(call accepted,-fcf-protection),\
               $(call accepted,-mbranch-protection=standard)))
# gcc before 12 knows no more than 2, and says so for each file.
FORTIFY = $(call asked_once,FORTIFY,$(if $(shell $(CC) -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 \
          -include features.h -dM -E -x c /dev/null 2>/dev/null | grep '__USE_FORTIFY_LEVEL 3'),3,2))
# FORTIFY_SOURCE and the sanitizers check the same calls and get in each other's way.
HARDENING = -fPIE -fstack-protector-strong -fstack-clash-protection $(CONTROL_FLOW) \
            $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
            -fno-omit-frame-pointer,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY))
# No path of the build machine in the binaries: two builds in two folders are the same.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.

ALL_CFLAGS   = -std=c17 -D_GNU_SOURCE -I. $(CFLAGS) $(WARNINGS) $(HARDENING) $(REPRODUCIBLE)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed \
               $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)

CAPTURE_LIBS  := -lseccomp -lcap
EXPORTER_LIBS := -lseccomp -lcap -lmaxminddb -lmicrohttpd -lgnutls -lyaml -lcrypt -lz

REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
BRANCH   := $(shell git symbolic-ref --short -q HEAD 2>/dev/null || echo unknown)

# --- What is compiled. Each folder's library is all of it but its main.
objects_below = $(patsubst %.c,$(BUILD)/objects/%.o,$(filter-out $(1)/main.c,$(shell find $(1) -name '*.c' | sort)))
COMMON_OBJECTS   := $(call objects_below,common)
CAPTURE_OBJECTS  := $(call objects_below,capture)
EXPORTER_OBJECTS := $(call objects_below,exporter)
UNIT_TESTS       := $(patsubst %.c,$(BUILD)/%,$(shell find tests/unit -name 'test_*.c'))

# make t=NAME builds and runs the one unit test of that name: make t=sessions
ifneq ($(t),)
.DEFAULT_GOAL := one-test
endif

.PHONY: all
all: $(BUILD)/dnstt_exporter $(BUILD)/exporter ## build the two programs (default)

$(BUILD)/dnstt_exporter: $(BUILD)/objects/capture/main.o $(CAPTURE_OBJECTS) $(COMMON_OBJECTS)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CAPTURE_LIBS)

$(BUILD)/exporter: $(BUILD)/objects/exporter/main.o $(EXPORTER_OBJECTS) $(COMMON_OBJECTS)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(EXPORTER_LIBS)

$(BUILD)/objects/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC $@')
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The version text changes with each commit, the other objects do not.
$(BUILD)/objects/common/build.o: $(BUILD)/version
$(BUILD)/objects/common/build.o: ALL_CFLAGS += -DVERSION='"$(VERSION)"' -DREVISION='"$(REVISION)"' \
                                       -DBRANCH='"$(BRANCH)"'
.PHONY: version
$(BUILD)/version: version
	@mkdir -p $(@D)
	@echo '$(VERSION) $(REVISION) $(BRANCH)' | cmp -s - $@ || \
	    echo '$(VERSION) $(REVISION) $(BRANCH)' > $@

# From an archive, a test links what it calls and no more: no HTTP library in a test of sessions.
# `q`, since `r` takes two files of one name for the same member.
$(BUILD)/tests/modules.a: $(CAPTURE_OBJECTS) $(EXPORTER_OBJECTS) $(COMMON_OBJECTS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar qcs $@ $^

$(BUILD)/tests/unit/%: $(BUILD)/objects/tests/unit/%.o $(BUILD)/tests/modules.a
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(EXPORTER_LIBS) -lcmocka

$(BUILD)/docs/generate/print: $(BUILD)/objects/docs/generate/schema.o
$(BUILD)/tests/sandbox/print_policies $(BUILD)/docs/generate/print: $(BUILD)/%: \
        $(BUILD)/objects/%.o $(BUILD)/tests/modules.a
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
	    $(EXPORTER_LIBS)

# --- Programs of tests/sandbox. They are the shipped objects with a few functions wrapped (ld's
# --- --wrap): those in attack/ turn hostile, those in logged/ have policies that log instead of
# --- killing, those in attack-logged/ both.
SANDBOX          := $(BUILD)/tests/sandbox
SANDBOX_OBJECTS  := $(BUILD)/objects/tests/sandbox
SANDBOX_ATTACK   := $(SANDBOX_OBJECTS)/attack.o $(SANDBOX_OBJECTS)/attack_common.o
SANDBOX_PROGRAMS := $(foreach folder,attack logged attack-logged,\
                    $(SANDBOX)/$(folder)/dnstt_exporter $(SANDBOX)/$(folder)/exporter)
WRAP_LOGGED      := seccomp_init
WRAP_ATTACK      := sandbox_load sandbox_set_undumpable sandbox_forbid_new_code sandbox_limit \
                    landlock_confine
WRAP_SNIFFER     := $(WRAP_ATTACK) sniffer_run sandbox_drop_privileges shutdown socket setsockopt
WRAP_EXPORTER    := $(WRAP_ATTACK) loop_until_ready loop_run sandbox_assert_unprivileged

$(SANDBOX)/attack/dnstt_exporter: $(SANDBOX_OBJECTS)/attack_sniffer.o $(SANDBOX_ATTACK)
$(SANDBOX)/attack/dnstt_exporter: WRAP := $(WRAP_SNIFFER)
$(SANDBOX)/attack/exporter: $(SANDBOX_OBJECTS)/attack_exporter.o $(SANDBOX_ATTACK)
$(SANDBOX)/attack/exporter: WRAP := $(WRAP_EXPORTER)
$(SANDBOX)/logged/dnstt_exporter $(SANDBOX)/logged/exporter: $(SANDBOX_OBJECTS)/logged.o
$(SANDBOX)/logged/dnstt_exporter $(SANDBOX)/logged/exporter: WRAP := $(WRAP_LOGGED)
$(SANDBOX)/attack-logged/dnstt_exporter: $(SANDBOX_OBJECTS)/attack_sniffer.o $(SANDBOX_ATTACK) \
    $(SANDBOX_OBJECTS)/logged.o
$(SANDBOX)/attack-logged/dnstt_exporter: WRAP := $(WRAP_SNIFFER) $(WRAP_LOGGED)
$(SANDBOX)/attack-logged/exporter: $(SANDBOX_OBJECTS)/attack_exporter.o $(SANDBOX_ATTACK) \
    $(SANDBOX_OBJECTS)/logged.o
$(SANDBOX)/attack-logged/exporter: WRAP := $(WRAP_EXPORTER) $(WRAP_LOGGED)

# And one whose clocks are a test's.
SANDBOX_PROGRAMS += $(SANDBOX)/clock/dnstt_exporter $(SANDBOX)/clock/exporter
$(SANDBOX)/clock/exporter: $(SANDBOX_OBJECTS)/clock.o

$(filter %/dnstt_exporter,$(SANDBOX_PROGRAMS)): $(BUILD)/objects/capture/main.o $(CAPTURE_OBJECTS)
$(filter %/exporter,$(SANDBOX_PROGRAMS)): $(BUILD)/objects/exporter/main.o $(EXPORTER_OBJECTS)
$(SANDBOX_PROGRAMS): $(COMMON_OBJECTS)
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(foreach name,$(WRAP),-Wl,--wrap=$(name)) -o $@ $^ \
	    $(EXPORTER_LIBS)

$(SANDBOX)/test_policies: $(SANDBOX_OBJECTS)/test_policies.o $(SANDBOX_OBJECTS)/policy_call.o \
    $(BUILD)/tests/modules.a
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(EXPORTER_LIBS) -lcmocka

.PHONY: sandbox
sandbox: all $(SANDBOX_PROGRAMS) $(SANDBOX)/test_policies

-include $(shell find $(BUILD)/objects -name '*.d' 2>/dev/null)

.PHONY: unit
unit: $(UNIT_TESTS)

ONE_TEST := $(filter %/test_$(t),$(UNIT_TESTS))
.PHONY: one-test
one-test: $(ONE_TEST) ## the same as make t=NAME: build and run one unit test, such as t=sessions
	@[ -n "$(ONE_TEST)" ] || { echo "no unit test test_$(t); there are: $(sort $(patsubst test_%,%,$(notdir $(UNIT_TESTS))))" >&2; exit 2; }
	$(Q)$(ONE_TEST)

.PHONY: check
check: ## unit tests and static rules in a minute: no root, nothing installed, for the inner loop
	@BUILD=$(BUILD) tests/check

# --- Fuzzers: libFuzzer, with the sanitizers, on the modules compiled for it.
FUZZERS := $(patsubst tests/lab/fuzz/%.c,$(BUILD)/%,$(wildcard tests/lab/fuzz/fuzz_*.c))
$(FUZZERS): $(BUILD)/%: $(BUILD)/objects/tests/lab/fuzz/%.o $(BUILD)/tests/modules.a
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(EXPORTER_LIBS)

.PHONY: fuzzers
fuzzers: $(FUZZERS)

FUZZ_BUILD   := BUILD=build/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined
FUZZ_SECONDS ?= 300
FUZZ_TARGETS ?=
.PHONY: fuzz
fuzz: ##lab fuzz each target, or FUZZ_TARGETS, for FUZZ_SECONDS (300) from seeds of real traffic
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory fuzzers $(FUZZ_BUILD)
	tests/lab/fuzz/run build/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: fuzz-corpus
fuzz-corpus: ##lab put what fuzzing found into tests/lab/fuzz/corpus, as few inputs as reach the same
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory fuzzers $(FUZZ_BUILD)
	tests/lab/fuzz/minimise build/fuzz $(FUZZ_TARGETS)

# --- How good the tests are: what they reach, by clang's counters, and what they notice.
COVERAGE_FLAGS := -O1 -g -fprofile-instr-generate -fcoverage-mapping
.PHONY: coverage
coverage: ##lab report what tests reach into build/coverage/html, and fail where that is not enough
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(COVERAGE_PACKAGES)
	@$(MAKE) --no-print-directory unit fuzzers BUILD=build/coverage CC=clang CFLAGS='$(COVERAGE_FLAGS)'
	@tests/lab/coverage/run build/coverage

.PHONY: mutation
mutation: ##lab make small faults in the counting rules, and fail where their tests miss one
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@tests/lab/mutation/run build/mutation

PROOF_HARNESSES ?=
.PHONY: proof
proof: ##lab prove what parses packets and messages free of errors in memory and arithmetic (root)
	@tests/packages $(PROOF_PACKAGES)
	@tests/lab/proof/run $(PROOF_HARNESSES)

# --- Installing packages. Where apt is not at hand, the list is printed instead.
.PHONY: deps
deps: ## install what the build needs (Debian)
	@tests/packages $(BUILD_PACKAGES)

.PHONY: packages
packages: ## print every package that building, testing and linting take
	@echo $(BUILD_PACKAGES) $(TEST_PACKAGES) $(E2E_PACKAGES) $(LINT_PACKAGES)

.PHONY: run
run: ## watch a demonstration on loopback, or real traffic: make run DOMAIN=t.example.com
	@tests/packages $(BUILD_PACKAGES) $(if $(DOMAIN),,$(RUN_PACKAGES))
	@$(MAKE) --no-print-directory all
	$(if $(DOMAIN),$(BUILD)/dnstt_exporter -dnstt.domain $(DOMAIN) $(ARGS),\
	    /usr/bin/python3 tests/demo/demo.py $(ARGS))

.PHONY: test
test: ## install what the tests need and run all of them
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(E2E_PACKAGES) $(LINT_PACKAGES)
	@/usr/bin/python3 tests/run

.PHONY: lint
lint: ## static analysis, formatting and the rules of this project
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(E2E_PACKAGES) $(LINT_PACKAGES)
	@tests/lint/run

.PHONY: docs
docs: $(BUILD)/tests/sandbox/print_policies $(BUILD)/docs/generate/print ## write what the documents show of the code: flags, metrics, syscalls, schema
	@docs/generate/write $(BUILD)

.PHONY: dashboard
dashboard: ## write the Grafana dashboard from its source
	@/usr/bin/python3 -B monitoring/dashboard.py > monitoring/dashboards/dnstt.json

.PHONY: install
install: all ## install below DESTDIR and PREFIX
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR)/dnstt_exporter
	install -m 0755 $(BUILD)/dnstt_exporter $(DESTDIR)$(BINDIR)/dnstt_exporter
	install -m 0755 $(BUILD)/exporter $(DESTDIR)$(LIBEXECDIR)/dnstt_exporter/exporter
	install -d $(DESTDIR)$(DATADIR)/dashboards $(DESTDIR)$(DATADIR)/rules
	install -m 0644 monitoring/dashboards/dnstt.json $(DESTDIR)$(DATADIR)/dashboards
	install -m 0644 monitoring/rules/alerts.yml monitoring/rules/recording.yml $(DESTDIR)$(DATADIR)/rules
	install -D -m 0644 docs/dnstt_exporter.8 $(DESTDIR)$(MANDIR)/man8/dnstt_exporter.8
	install -D -m 0644 docs/dnstt_exporter.bash-completion $(DESTDIR)$(COMPLETIONDIR)/dnstt_exporter

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/dnstt_exporter $(DESTDIR)$(LIBEXECDIR)/dnstt_exporter/exporter
	-rmdir $(DESTDIR)$(LIBEXECDIR)/dnstt_exporter
	rm -f $(DESTDIR)$(MANDIR)/man8/dnstt_exporter.8 $(DESTDIR)$(COMPLETIONDIR)/dnstt_exporter
	rm -f $(DESTDIR)$(DATADIR)/dashboards/dnstt.json
	rm -f $(DESTDIR)$(DATADIR)/rules/alerts.yml $(DESTDIR)$(DATADIR)/rules/recording.yml
	-rmdir $(DESTDIR)$(DATADIR)/dashboards $(DESTDIR)$(DATADIR)/rules $(DESTDIR)$(DATADIR)

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18
	@echo && echo 'The lab (tests/lab: what takes long, or asks how good the tests are):'
	@sed -n 's/^\([a-z0-9-]*\):[^#]*##lab /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

# === The Debian package, and the tests of what it installs on booted systems ======================

# From a copy: dpkg-buildpackage works in its source, and writes beside it. What this make was told
# (BUILD, CC, …) is not for the one within.
# $(call build_deb,FOLDER,OPTIONS)
define build_deb
	rm -rf $(1)
	mkdir -p $(1)/dnstt-exporter-$(VERSION)
	tar -c --exclude=./build --exclude=./.git . | tar -x -C $(1)/dnstt-exporter-$(VERSION)
	cd $(1)/dnstt-exporter-$(VERSION) && env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=$(HOME) \
	    dpkg-buildpackage -b -us -uc $(2)
	rm -rf $(1)/dnstt-exporter-$(VERSION)
endef

.PHONY: deb
deb: ## build the Debian package into build/deb
	@tests/packages $(BUILD_PACKAGES) $(DEB_PACKAGES)
	$(call build_deb,$(BUILD)/deb)

.PHONY: deb-arm64
deb-arm64: ## cross-build it for arm64 into build/deb-arm64
	@tests/packages $(BUILD_PACKAGES) $(DEB_PACKAGES) $(ARM64_PACKAGES)
	$(call build_deb,$(BUILD)/deb-arm64,--host-arch arm64)

# === The container image ==========================================================================

# Of this machine, or of ARCH=arm64 by its compiler. The times within are the last commit's.
ARCH ?=
IMAGE := $(BUILD)/image
IMAGE_TIME = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || echo 0))
.PHONY: image
image: $(if $(filter arm64,$(ARCH)),image-arm64-packages,image-packages) ## build the container image into build/image; ARCH=arm64 cross-builds it
	$(if $(filter-out arm64,$(ARCH)),$(error ARCH=$(ARCH): only arm64 is cross-built; leave ARCH out for this machine))
	@$(MAKE) --no-print-directory all $(if $(ARCH),BUILD=$(BUILD)/$(ARCH) CC=aarch64-linux-gnu-gcc)
	@SOURCE_DATE_EPOCH=$(IMAGE_TIME) container/image $(BUILD)$(addprefix /,$(ARCH)) $(IMAGE) \
	    $(VERSION) $(REVISION)

# The image's files alone, for container/Containerfile.
.PHONY: image-files
image-files: image-packages
	@$(MAKE) --no-print-directory all
	@container/image $(BUILD) $(IMAGE)/files

.PHONY: image-packages image-arm64-packages
image-packages:
	@tests/packages $(BUILD_PACKAGES) $(IMAGE_PACKAGES)
image-arm64-packages: image-packages
	@dpkg --print-foreign-architectures | grep -qx arm64 || dpkg --add-architecture arm64
	@tests/packages $(IMAGE_ARM64_PACKAGES)

.PHONY: test-e2e
test-e2e: ## install the package on booted Debian systems and test it there (root)
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(E2E_PACKAGES)
	@/usr/bin/python3 tests/run e2e

.PHONY: test-qemu
test-qemu: ##lab run the installed service under Debian's own kernel (root, no part of test)
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(E2E_PACKAGES) $(QEMU_PACKAGES)
	@$(MAKE) --no-print-directory -s deb
	@/usr/bin/python3 tests/lab/qemu/run amd64

# Its tests are built here, under emulation they would take an hour.
.PHONY: test-arm64
test-arm64: ##lab install the package on Debian's arm64 and run its tests there (root, no part of test)
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(E2E_PACKAGES) $(ARM64_PACKAGES) $(QEMU_ARM64_PACKAGES)
	@$(MAKE) --no-print-directory -s deb-arm64
	@$(MAKE) --no-print-directory -s BUILD=$(BUILD)/arm64 CC=aarch64-linux-gnu-gcc WERROR=1 \
	    all unit sandbox $(BUILD)/arm64/tests/lab/soak/sender
	@/usr/bin/python3 tests/lab/qemu/run arm64

# === The bench ====================================================================================

BENCH          := $(BUILD)/tests/lab/bench
BENCH_PROGRAMS := $(BENCH)/stages $(BENCH)/scale $(BENCH)/sender
$(BUILD)/objects/tests/lab/bench/stages.o: ALL_CFLAGS += -DBUILD_FLAGS='"$(CFLAGS)"'
$(BENCH_PROGRAMS): $(BENCH)/%: $(BUILD)/objects/tests/lab/bench/%.o \
        $(BUILD)/objects/tests/lab/bench/pcap.o $(BUILD)/objects/tests/lab/bench/state.o \
        $(BUILD)/tests/modules.a
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(EXPORTER_LIBS)

# With the libraries that Debian packages. Go wants a folder for its cache.
$(BENCH)/recvfrom: tests/lab/bench/recvfrom.go
	@mkdir -p $(@D)
	$(if $(V),,@echo '  GO $@')
	$(Q)GOCACHE=$(abspath $(BENCH))/go GOPATH=/usr/share/gocode GO111MODULE=off go build -o $@ $<

.PHONY: bench-programs
bench-programs: $(BENCH_PROGRAMS)

.PHONY: bench
bench: ##lab measure speed and memory against their goals: tests/lab/bench/RESULTS.md (root, 10 minutes)
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory all bench-programs $(BENCH)/recvfrom $(SOAK)/sender
	@BUILD=$(BUILD) /usr/bin/python3 tests/lab/bench/run

# === Floods and soaks =============================================================================

SOAK          := $(BUILD)/tests/lab/soak
SOAK_PROGRAMS := $(SOAK)/flood $(SOAK)/sender
$(SOAK_PROGRAMS): $(SOAK)/%: $(BUILD)/objects/tests/lab/soak/%.o $(BUILD)/objects/tests/lab/bench/pcap.o \
        $(BUILD)/tests/modules.a
	@mkdir -p $(@D)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(EXPORTER_LIBS)

.PHONY: soak
soak: ##lab run it for SOAK_SECONDS (1800) at 50,000 packets a second with faults from SEED (root)
	@tests/packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory -s all $(SOAK)/sender
	@BUILD=$(BUILD) /usr/bin/python3 tests/lab/soak/run
