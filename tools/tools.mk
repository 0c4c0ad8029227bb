# SPDX-License-Identifier: MIT
# The tools of the control domain: static arm64 programs on Debian's stable libxen* libraries, and their unit tests on the
# host under ASan and UBSan. `make tools`, `make tools-unit T=config/parse`, `make tools-fuzz T=60`.
TOOL_PROGRAMS := xl xenstored xenconsoled xenstore
TOOL_LIBS := -lxencall -lxenforeignmemory -lxenevtchn -lxengnttab -lxenstore -lxentoolcore -lxentoollog -lfdt -lz -lzstd -ljson-c
TOOL_SYSROOT := build/debian/toolslib
TOOL_PACKAGES := libxen-dev libfdt-dev zlib1g-dev libzstd-dev libjson-c-dev
TOOL_OUT_arm64 := build/arm64/tools$(if $(filter clang,$(TOOLCHAIN)),-clang)
TOOL_OUT_host := build/host/tools$(if $(filter clang,$(TOOLCHAIN)),-clang)
TOOL_MAINS := $(wildcard $(TOOL_PROGRAMS:%=tools/%/main.c))
TOOL_SOURCES := $(filter-out %_test.c %_fuzz.c %_host.c $(TOOL_MAINS),$(sort $(wildcard tools/*/*.c)))
# As in hyp/, a file _host.c is a fake of what lies below: in the archives for tests and fuzzers, in no program
TOOL_SOURCES_host := $(sort $(wildcard tools/*/*_host.c))
TOOL_SOURCES_fuzz := $(TOOL_SOURCES_host)
# No parser of theirs is without one below
TOOL_NOT_fuzz := tools/xl/% tools/life/% tools/device/% tools/xenstore/%
TOOL_TESTS := $(patsubst %.c,%,$(sort $(wildcard tools/*/*_test.c)))
TOOL_CFLAGS := -std=gnu2x -D_GNU_SOURCE -g -Itools -I. -MMD -MP -fno-common -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
  -Wno-unused-parameter -ffunction-sections -fdata-sections
TOOL_CFLAGS_arm64 := $(TOOL_CFLAGS) -O2 -isystem $(TOOL_SYSROOT)/usr/include
TOOL_CFLAGS_host := $(TOOL_CFLAGS) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# Allocations of the tools (not those inside libraries) go through lib/failing.c in tests
TOOL_LINK_host := $(foreach f,malloc calloc realloc reallocarray strdup strndup asprintf vasprintf,-Xlinker --wrap=$(f)) -Wl,-z,muldefs
TOOL_OUT_fuzz := build/host/tools-fuzz
TOOL_FUZZERS := $(patsubst tools/%.c,$(TOOL_OUT_fuzz)/%,$(sort $(wildcard tools/*/*_fuzz.c)))
CC_gcc_fuzz := clang
CC_clang_fuzz := clang
TOOL_CFLAGS_fuzz := $(TOOL_CFLAGS) -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TOOL_LINK_arm64 := -static -Wl,--gc-sections $(if $(filter clang,$(TOOLCHAIN)),-fuse-ld=lld) -L$(TOOL_SYSROOT)/usr/lib/aarch64-linux-gnu

tools: $(patsubst tools/%/main.c,$(TOOL_OUT_arm64)/bin/%,$(TOOL_MAINS))
$(TOOL_SYSROOT)/.unpacked: tools/tools.mk | deps-arm64
	$(Q)scripts/debs.sh $(TOOL_SYSROOT) $(TOOL_PACKAGES)
	$(Q)touch $@

define tool_arch
$$(TOOL_OUT_$(1))/%.o: tools/%.c tools/tools.mk $(2)
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D) && $$(CC_$$(TOOLCHAIN)_$(1)) $$(TOOL_CFLAGS_$(1)) -c -o $$@ $$<
$$(TOOL_OUT_$(1))/tools.a: $$(patsubst tools/%.c,$$(TOOL_OUT_$(1))/%.o,$$(filter-out $$(TOOL_NOT_$(1)),$$(TOOL_SOURCES)) $$(TOOL_SOURCES_$(1)))
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(eval $(call tool_arch,arm64,$(TOOL_SYSROOT)/.unpacked | deps-arm64))
$(eval $(call tool_arch,host,| deps-host deps-tools))
$(eval $(call tool_arch,fuzz,| deps-host deps-tools deps-fuzz))

$(TOOL_OUT_arm64)/bin/%: $(TOOL_OUT_arm64)/%/main.o $(TOOL_OUT_arm64)/tools.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC_$(TOOLCHAIN)_arm64) $(TOOL_LINK_arm64) -o $@ $< $(TOOL_OUT_arm64)/tools.a $(TOOL_LIBS) -lpthread

# A test takes from the archive what it does not define itself: so it replaces a lower room by its own fakes
$(TOOL_OUT_host)/%_test: $(TOOL_OUT_host)/%_test.o $(TOOL_OUT_host)/tools.a
	$(call say,LINK,$@)
	$(Q)$(CC_$(TOOLCHAIN)_host) $(TOOL_CFLAGS_host) $(TOOL_LINK_host) -o $@ $< -Wl,--start-group $(TOOL_OUT_host)/tools.a $(TOOL_LIBS) -Wl,--end-group -lcmocka -lpthread

tools-unit: $(patsubst tools/%,$(TOOL_OUT_host)/%,$(if $(T),$(filter %$(T)_test,$(TOOL_TESTS)),$(TOOL_TESTS)))
	$(Q)scripts/unit.sh $^

# A fuzzer is a function that takes any bytes; beside it may lie words that it should know (.dict); T is how many seconds each one runs,
# two at a time; ONLY=config/disk names one
$(TOOL_OUT_fuzz)/%_fuzz: $(TOOL_OUT_fuzz)/%_fuzz.o $(TOOL_OUT_fuzz)/tools.a
	$(call say,LINK,$@)
	$(Q)clang $(TOOL_CFLAGS_fuzz) -fsanitize=fuzzer -Wl,-z,muldefs -o $@ $< -Wl,--start-group $(TOOL_OUT_fuzz)/tools.a $(TOOL_LIBS) -Wl,--end-group -lpthread

tools-fuzz: $(if $(ONLY),$(filter %$(ONLY)_fuzz,$(TOOL_FUZZERS)),$(TOOL_FUZZERS))
	$(Q)T=$(or $(T),20) scripts/fuzz.sh $^

# Our store daemon beside Debian's, on this machine
bench-store: | deps-host deps-tools
	$(Q)test/bench/store.py
.PHONY: bench-store
.PHONY: tools tools-unit tools-fuzz
-include $(wildcard $(addsuffix /*/*.d,$(TOOL_OUT_arm64) $(TOOL_OUT_host) $(TOOL_OUT_fuzz)))
