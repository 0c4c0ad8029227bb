# SPDX-License-Identifier: MIT
# `make help` lists the targets. Axes: ARCH={arm64,host} DEBUG={0,1} TOOLCHAIN={gcc,clang}.
# The host build is a fake Arm machine: the same files under ASan and UBSan, for the unit tests.
ARCH ?= arm64
DEBUG ?= $(if $(filter host,$(ARCH)),1,0)
TOOLCHAIN ?= gcc
COVERAGE ?= 0
OUT ?= build/$(ARCH)$(if $(filter arm64:1 host:0,$(ARCH):$(DEBUG)),$(if $(filter 1,$(DEBUG)),-debug,-release))$(if $(filter clang,$(TOOLCHAIN)),-clang)$(if $(filter 1,$(COVERAGE)),-coverage)
COMMA := ,
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

# ---- which files: the suffix of a name says the machine
SOURCES := $(sort $(shell find hyp -name '*.[cS]' 2>/dev/null))
NEVER := %_test.c %_fuzz.c %_arm32.c %_arm32.S %_x86.c %_x86.S
NOT_arm64 := %_host.c %_host.S
NOT_host := %_arm.c %_arm.S %_arm64.c %_arm64.S hyp/trap/% hyp/boot/% hyp/plat/%
# The specification can be asked in every process, and in the image of DEBUG=1 (test/spec/image.c)
SPEC := $(sort $(filter-out %/image.c %/process.c,$(wildcard test/spec/*.c)))
ALSO_arm64 := $(if $(filter 1,$(DEBUG)),$(SPEC) test/spec/image.c)
ALSO_host := $(SPEC) test/spec/process.c $(sort $(wildcard test/host/*.c hyp/boot/dom0*.c hyp/boot/image.c hyp/boot/inflate.c))
FILES := $(filter-out $(NEVER) $(NOT_$(ARCH)),$(SOURCES)) $(filter-out $(NEVER),$(ALSO_$(ARCH)))
OBJECTS := $(patsubst %,$(OUT)/%.o,$(basename $(FILES)))
TESTS := $(patsubst %.c,%,$(sort $(filter %_test.c,$(SOURCES)) $(wildcard abi/*_test.c)))

# ---- how: one set of flags an architecture
CC_gcc_arm64 := aarch64-linux-gnu-gcc
CC_clang_arm64 := clang --target=aarch64-linux-gnu
CC_gcc_host := gcc
CC_clang_host := clang
CC := $(CC_$(TOOLCHAIN)_$(ARCH))
FDT := build/debian/fdt
COMMON := -std=gnu2x -g -Ihyp -I. -DARCH_H='"cpu/arch_$(ARCH).h"' -DDEBUG=$(DEBUG) -MMD -MP \
  -fno-common -fno-jump-tables -fno-strict-aliasing -fwrapv -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
FLAGS_arm64 := -O2 -mcmodel=tiny -ffreestanding -fno-pic -fno-pie -mgeneral-regs-only -mstrict-align -mno-outline-atomics \
  -fno-stack-protector -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -fstack-usage -isystem $(FDT)/usr/include
ALSO_gcc_arm64 := -fno-align-loops -fno-align-jumps
FLAGS_host := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# The release image is optimised as one program: most of EL2 is small functions that call each other across files. (Its objects hold
# code as well, for what looks at them one by one; clang has no -fstack-usage behind its linker, and traces are read from DEBUG=1.)
WHOLE := $(if $(filter gcc/arm64/0/0,$(TOOLCHAIN)/$(ARCH)/$(DEBUG)/$(COVERAGE)),-flto -ffat-lto-objects)
CFLAGS := $(COMMON) $(FLAGS_$(ARCH)) $(ALSO_$(TOOLCHAIN)_$(ARCH)) $(WHOLE) $(if $(filter 1,$(COVERAGE)),--coverage -DCOVERAGE)
LINK_arm64 := $(if $(filter clang,$(TOOLCHAIN)),-fuse-ld=lld) -nostdlib -static -Wl,--gc-sections,--build-id=none,-z,max-page-size=4096 \
  $(if $(filter 1,$(DEBUG)),-Wl$(COMMA)--wrap=rcu_quiescent$(COMMA)--wrap=boot_register_keys)

Q := $(if $(V),,@)
say = @printf '  %-8s %s\n' $(1) $(2)

ifeq ($(ARCH),arm64)
# XEN= or KANSO= puts another hypervisor's image in: then ours need not build
all: $(if $(XEN)$(KANSO),,$(OUT)/kanso)
else
all: $(OUT)/libkanso.a
endif

# What answers before the registers are saved (docs/why/015) has x0 to x3, x16, x17 and no stack, so it calls nothing either. A whole program
# forgets the flags of a file. (clang reserves no register of arguments where there is a tail call.)
FRAMELESS_gcc := -fno-lto -Wstack-usage=0 $(patsubst %,-ffixed-x%,4 5 6 7 8 9 10 11 12 13 14 15 18)
FRAMELESS_clang := -Wframe-larger-than=0 $(patsubst %,-ffixed-x%,9 10 11 12 13 14 15 18) -fcall-saved-x8
ifeq ($(ARCH),arm64)
$(OUT)/hyp/%/frameless.o: private CFLAGS += $(FRAMELESS_$(TOOLCHAIN))
endif

$(OUT)/kanso.elf: $(OBJECTS) hyp/boot/kanso_arm64.lds $(FDT)/.unpacked
	$(call say,LINK,$@)
	$(Q)$(CC) $(if $(WHOLE),$(CFLAGS) -flto-partition=one) $(LINK_arm64) -Wl,-T,hyp/boot/kanso_arm64.lds -Wl,-Map,$@.map -o $@ $(OBJECTS) $(FDT)/usr/lib/aarch64-linux-gnu/libfdt.a

$(OUT)/kanso: $(OUT)/kanso.elf
	$(call say,IMAGE,$@)
	$(Q)aarch64-linux-gnu-objcopy -O binary $< $@

$(OUT)/libkanso.a: $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(OBJECTS)

$(OUT)/%.o: %.c $(OUT)/.flags $(if $(filter arm64,$(ARCH)),$(FDT)/.unpacked) | deps-$(ARCH)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -c -o $@ $<

$(OUT)/%.o: %.S $(OUT)/.flags | deps-$(ARCH)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) -c -o $@ $<

# Changed flags rebuild everything; an edited Makefile alone does not.
$(OUT)/.flags: always
	$(Q)mkdir -p $(@D) && echo '$(subst ','\'',$(CC) $(CFLAGS))' | cmp -s - $@ || echo '$(subst ','\'',$(CC) $(CFLAGS))' >$@

$(FDT)/.unpacked: | deps-arm64
	$(Q)scripts/debs.sh $(FDT) libfdt-dev
	$(Q)touch $@

# ---- unit tests on the host: each *_test.c is a program of its own. It takes from the archive what it does not fake;
# an upcall that it neither fakes nor reaches may stay unresolved, to call one ends the program
UNIT_LINK := -no-pie -Wl,-z,lazy,-z,muldefs,--unresolved-symbols=ignore-all
UNIT := $(patsubst %,$(OUT)/%,$(if $(T),$(filter %$(T)_test,$(TESTS)),$(TESTS)))

ifeq ($(ARCH),host)
$(OUT)/%_test: $(OUT)/%_test.o $(OUT)/libkanso.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(UNIT_LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(OUT)/libkanso.a -lfdt -Wl,--end-group -lcmocka -lpthread

# trap/ is not in the archive: its upcalls are what most tests fake
$(OUT)/hyp/trap/leave_test: $(addprefix $(OUT)/hyp/trap/,leave.o switch.o)

unit: $(UNIT)
	$(Q)scripts/unit.sh $(UNIT)
else
unit:
	$(Q)$(MAKE) ARCH=host unit
endif

# ---- dom0, the machine around it, the scenarios
IMAGES := build/arm64
DOM0 := $(IMAGES)/dom0.cpio.gz

dom0: $(DOM0)
$(DOM0): scripts/dom0.sh scripts/debs.sh $(wildcard test/dom0/*) | deps-dom0
	$(Q)scripts/dom0.sh $(IMAGES)

# A Debian root file system for a guest, without its maintainer scripts
DEBIAN := $(IMAGES)/debian.ext4
debian: $(DEBIAN)
$(DEBIAN): scripts/debian.sh scripts/debs.sh | deps-dom0
	$(Q)scripts/debian.sh $@

# What was built with other flags (TOOLCHAIN=clang, DEBUG=1) is what boots
BOOTED = $(if $(XEN)$(KANSO)$(filter build/arm64,$(OUT)),,KANSO=$(OUT)/kanso) \
  $(if $(filter clang,$(TOOLCHAIN)),TOOLS_BIN=$(TOOL_OUT_arm64)/bin)

# Whose tools dom0 has: ours, or Debian's by TOOLS=debian
run: all tools $(DOM0) | deps-run
	$(Q)$(BOOTED) TOOLS=$(or $(TOOLS),own) test/sys/run.py boot

# Bare-metal guests: test/guest/NAME/*.c with the little library beside them
GUESTS := $(patsubst test/guest/%/,$(IMAGES)/guest/%.img,$(wildcard test/guest/*/))
GUEST_CC := aarch64-linux-gnu-gcc -std=gnu2x -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -ffreestanding -fno-pic -fno-pie \
  -mgeneral-regs-only -mstrict-align -mno-outline-atomics -fno-stack-protector -nostdlib -static -Itest/guest -Wl,--build-id=none,--no-warn-rwx-segments
guests: $(GUESTS)
$(IMAGES)/guest/%.img: $(wildcard test/guest/*.[chS] test/guest/*.lds test/guest/*/*.[chS]) | deps-arm64
	$(call say,GUEST,$@)
	$(Q)mkdir -p $(@D) && $(GUEST_CC) -Wl,-T,test/guest/guest.lds -o $(@:.img=.elf) $(wildcard test/guest/*.S test/guest/*.c test/guest/$*/*.[cS])
	$(Q)aarch64-linux-gnu-objcopy -O binary $(@:.img=.elf) $@

# 32-bit ones: test/guest32/NAME is NAME32.img, a zImage
GUESTS32 := $(patsubst test/guest32/%/,$(IMAGES)/guest/%32.img,$(wildcard test/guest32/*/))
guests: $(GUESTS32)
$(GUESTS32): $(IMAGES)/guest/%32.img: $(wildcard test/guest32/*/*.S) | deps-arm32
	$(call say,GUEST,$@)
	$(Q)mkdir -p $(@D) && arm-linux-gnueabihf-gcc -nostdlib -static -Wl,--build-id=none,-Ttext=0 -o $(@:.img=.elf) $(wildcard test/guest32/$*/*.S)
	$(Q)arm-linux-gnueabihf-objcopy -O binary -j .text $(@:.img=.elf) $@

# A firmware at EL3, and a kernel that sees what it does
FIRMWARE := $(IMAGES)/firmware/firmware.bin $(IMAGES)/firmware/witness.img
WITNESS := test/firmware/witness.c $(addprefix test/boot/,start.S boot.c guest.c)
firmware: $(FIRMWARE)
$(IMAGES)/firmware/firmware.bin: $(wildcard test/firmware/*.[chS] test/firmware/*.lds) | deps-arm64
	$(call say,FIRMWARE,$@)
	$(Q)mkdir -p $(@D) && $(GUEST_CC) -I. -Wl,-T,test/firmware/firmware.lds -o $(@:.bin=.elf) $(filter-out %/witness.c,$(filter %.c %.S,$^))
	$(Q)aarch64-linux-gnu-objcopy -O binary $(@:.bin=.elf) $@
$(IMAGES)/firmware/witness.img: $(WITNESS) $(wildcard test/firmware/*.h test/boot/*.h test/boot/*.lds) | deps-arm64
	$(call say,GUEST,$@)
	$(Q)mkdir -p $(@D) && $(filter-out -fno-pic -fno-pie -static,$(GUEST_CC)) -I. -fpie -static-pie -Wl,--no-dynamic-linker,-T,test/boot/boot.lds -o $(@:.img=.elf) $(WITNESS)
	$(Q)aarch64-linux-gnu-objcopy -O binary $(@:.img=.elf) $@

# Some boot the image of DEBUG=1, too
scenarios: all $(DOM0) $(GUESTS) $(GUESTS32) $(FIRMWARE) $(DEBIAN) tools | deps-run
	$(if $(XEN)$(KANSO),,$(Q)$(MAKE) DEBUG=1 all)
test: scenarios | deps-abi deps-host
	$(Q)$(BOOTED) scripts/test.sh

# One scenario, many times: make test-repeat N=20 S=2
N ?= 20
S ?= 2
test-repeat: scenarios
	$(Q)$(BOOTED) test/sys/run.py test --times $(N) $(S)

# Attacks with new seeds for T seconds, on both GICs, with and without the asserts of DEBUG=1
soak: scenarios
	$(Q)$(MAKE) DEBUG=1 all
	$(Q)scripts/soak.sh $(or $(T),600)

# {Kanso, Xen 4.17} x {our tools, Debian's}, one table: make test-square SQUARE="-c kanso+own -g 3 life"
test-square: scenarios
	$(Q)$(BOOTED) test/sys/square.py $(SQUARE)

# ---- the house's rules and figures
lint: all | deps-lint
	$(Q)scripts/lint.py $(CHECKS)

format: | deps-lint
	$(Q)clang-format -i $(wildcard hyp/*/*.[ch] tools/*/*.[ch] abi/*.[ch] test/*/*.[ch] test/*/*/*.[ch])

stats: | deps-stats
	$(Q)scripts/stats.py

coverage: | deps-coverage
	$(Q)scripts/coverage.sh

mutants: | deps-host
	$(Q)test/mutate.py $(MUTANTS)

# Bugs planted on purpose, each found by the tool that it names: make planted P="03 17"
planted: $(FDT)/.unpacked | deps-host deps-tools deps-clang deps-lint deps-run
	$(Q)test/planted/planted.py $(P)

# No prerequisite: a build anew would not be the one that panicked
symbols:
	$(Q)scripts/symbols.py --elf $(OUT)/kanso.elf $(LOG)

# Without a network for Debian's packages there is neither Linux nor Xen nor a newer QEMU: bench.py says so and counts the rest
bench: all | deps-run deps-host
	$(Q)$(MAKE) tools guests $(DOM0) || echo 'bench: not everything can be built here' >&2
	$(if $(QEMU),,$(Q)scripts/qemu.sh build/debian/qemu || true)
	$(Q)$(BOOTED) test/bench/bench.py $(if $(MANY),--many) $(if $(PUBLISH),--publish docs/performance.md) $(BENCH)

# The counts that `make test` holds Kanso to (test/sys/33_counts.py), as they are now
bench-counts: all | deps-run deps-host
	$(Q)$(BOOTED) test/bench/guard.py --renew

include tools/tools.mk
include test/fuzz/fuzz.mk

deps-%:
	$(Q)scripts/deps.sh $* $(if $(filter clang,$(TOOLCHAIN)),clang)

clean:
	rm -rf $(filter-out build/debian,$(wildcard build/*))

help:
	@echo 'all      build/arm64/kanso, the hypervisor (ARCH=host: the fake machine; DEBUG=1; TOOLCHAIN=clang)'
	@echo 'unit     host unit tests under ASan and UBSan; one: make unit T=mem/slab'
	@echo 'tools    build/arm64/tools/bin: our xl, xenstored, xenconsoled, static arm64 (tools-unit: their unit tests; tools-fuzz T=20: any bytes)'
	@echo 'fuzz T=60              every fuzzer of the hypervisor that long (fuzz-soak: seeds from the clock; fuzz-check, fuzz-sites, fuzz-errors)'
	@echo 'dom0     build/arm64/dom0.cpio.gz: Debian arm64 with Xen tools, from packages unpacked under build/debian'
	@echo 'run      boot it in QEMU, create a Linux guest with our xl; on a terminal dom0 shell follows (GIC=2, XEN=debian, TOOLS=debian)'
	@echo 'test     unit tests, fuzzers for some seconds, then the scenarios of test/sys on GICv2 and GICv3'
	@echo 'test-repeat N=20 S=2   scenario S, N times'
	@echo 'soak T=600               attack guests with new seeds for so many seconds'
	@echo 'test-square            the same rows on Kanso and Xen 4.17, with our tools and Debian'"'"'s (SQUARE="-c kanso+own -g 3 life")'
	@echo 'lint     the rules: layers, upcalls, locks, sizes, stacks, formatting, analysers (clang-tidy, gcc, cppcheck, sparse, clang for guards), shellcheck (CHECKS="arrows ...")'
	@echo 'format   let clang-format have its way'
	@echo 'stats    the table of figures about the code'
	@echo 'coverage which lines the unit tests reach; fails under 80 % in the rooms that count'
	@echo 'mutants  200 seeded mutants against the unit tests; fails under 80 % killed'
	@echo 'planted  bugs of past advisories, planted one by one: each is found by the test that it names (P="03 17")'
	@echo 'bench    instructions at EL2, Kanso beside Xen: tables, build/bench/bench.{json,md,svg} (PUBLISH=1: docs/performance.md as well; MANY=1: 500 guests; QEMU=path: by that one; bench-counts: what `make test` holds them to)'
	@echo 'symbols LOG=FILE   a console log with names at the addresses of a panic'
	@echo 'clean    remove what was built; downloads stay in build/debian'

.PHONY: all unit dom0 debian run guests firmware scenarios test soak test-repeat test-square lint format stats coverage mutants planted bench bench-counts symbols clean help always
-include $(OBJECTS:.o=.d) $(addprefix $(OUT)/,$(addsuffix .d,$(TESTS) hyp/trap/leave hyp/trap/switch))
