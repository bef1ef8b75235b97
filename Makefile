# dnstt_exporter: two programs from three folders. `make help` lists the targets.

VERSION := 0.1.0

# --- What Debian 12 has to install: the one list. tests/lint/packages.sh holds it to what the
# --- sources include and the scripts call.
BUILD_PACKAGES := gcc libc6-dev make pkg-config libcap-dev libseccomp-dev libmaxminddb-dev \
                  libmicrohttpd-dev
RUN_PACKAGES   := python3 libmaxmind-db-writer-perl
TEST_PACKAGES  := $(RUN_PACKAGES) clang libclang-rt-14-dev libcmocka-dev valgrind python3-pytest \
                  python3-scapy prometheus iproute2 libcap2-bin binutils procps
LINT_PACKAGES  := clang-format clang-tidy cppcheck shellcheck

# --- Where things go.
BUILD      ?= build
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec
DESTDIR    ?=

# --- How things are compiled. SANITIZE=address,undefined and WERROR=1 are for the tests.
CC       ?= gcc
CFLAGS   ?= -O2 -g
SANITIZE ?=
WERROR   ?=

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual \
            -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wpointer-arith \
            -Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough $(if $(WERROR),-Werror)
# FORTIFY_SOURCE and the sanitizers check the same calls and get in each other's way.
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection \
             -ftrivial-auto-var-init=zero \
             $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
             -fno-omit-frame-pointer,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
# No path of the build machine in the binaries: two builds in two folders are the same.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.

ALL_CFLAGS  := -std=c17 -D_GNU_SOURCE -I. $(CFLAGS) $(WARNINGS) $(HARDENING) $(REPRODUCIBLE)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed \
               $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)

CAPTURE_LIBS  := -lseccomp -lcap
EXPORTER_LIBS := -lseccomp -lcap -lmaxminddb -lmicrohttpd

REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
BRANCH   := $(shell git symbolic-ref --short -q HEAD 2>/dev/null || echo unknown)

# --- What is compiled. Each folder's library is all of it but its main.
COMMON_OBJECTS   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard common/*.c))
CAPTURE_OBJECTS  := $(patsubst %.c,$(BUILD)/%.o,$(filter-out capture/main.c,$(wildcard capture/*.c)))
EXPORTER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out exporter/main.c,$(wildcard exporter/*.c)))
UNIT_TESTS       := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all
all: $(BUILD)/dnstt_exporter $(BUILD)/exporter ## build the two programs (default)

$(BUILD)/dnstt_exporter: $(BUILD)/capture/main.o $(CAPTURE_OBJECTS) $(COMMON_OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CAPTURE_LIBS)

$(BUILD)/exporter: $(BUILD)/exporter/main.o $(EXPORTER_OBJECTS) $(COMMON_OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(EXPORTER_LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The version text changes with each commit, the other objects do not.
$(BUILD)/common/flags.o: $(BUILD)/version
$(BUILD)/common/flags.o: ALL_CFLAGS += -DVERSION='"$(VERSION)"' -DREVISION='"$(REVISION)"' \
                                       -DBRANCH='"$(BRANCH)"'
.PHONY: version
$(BUILD)/version: version
	@mkdir -p $(@D)
	@echo '$(VERSION) $(REVISION) $(BRANCH)' | cmp -s - $@ || \
	    echo '$(VERSION) $(REVISION) $(BRANCH)' > $@

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(CAPTURE_OBJECTS) $(EXPORTER_OBJECTS) $(COMMON_OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(EXPORTER_LIBS) -lcmocka

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: unit
unit: $(UNIT_TESTS)

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16
