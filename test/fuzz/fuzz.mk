# SPDX-License-Identifier: MIT
# The hypervisor as a process, and what attacks it there (docs/why/010, docs/fuzzing.md). `make fuzz T=60`, `make soak T=60`.
# One build a kind of checking: the hypervisor's files with other flags, and the machine of test/fuzz around them.
comma := ,
FUZZ_WRAPPED := frame_alloc frame_alloc_either frame_alloc_zeroed slab_alloc heap_alloc copy_in copy_out copy_in_nth copy_out_nth copy_out_zero gpage_get \
  p2m_map p2m_map_shared call_should_restart
FUZZ_FLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DDEBUG=1
FUZZ_FLAGS_fuzzer := $(FUZZ_FLAGS_asan) -fsanitize=fuzzer-no-link
FUZZ_FLAGS_afl := $(FUZZ_FLAGS_asan)
FUZZ_FLAGS_fast := -O2 -DDEBUG=0
FUZZ_FLAGS_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer -DDEBUG=1
FUZZ_COUNTS := -fprofile-instr-generate -fcoverage-mapping
FUZZ_FLAGS_cover := -O1 $(FUZZ_COUNTS) -DDEBUG=1
FUZZ_FLAGS_tsan-cover := $(FUZZ_FLAGS_tsan) $(FUZZ_COUNTS)
# The hypervisor's own files, at whose every step a CPU may be preempted
FUZZ_STEPS_tsan := -fsanitize-coverage=trace-pc
FUZZ_STEPS_tsan-cover := $(FUZZ_STEPS_tsan)
FUZZ_COMMON := $(filter-out -DARCH_H% -DDEBUG=%,$(COMMON)) -DARCH_H='"cpu/arch_host.h"' -fno-pie -fno-optimize-sibling-calls
# trap/'s and boot/'s portable files are the machine's, too; an old process's panic is log/panic_host.c
FUZZ_SOURCES := $(filter-out $(NEVER) %_arm.c %_arm64.c hyp/trap/% hyp/boot/% hyp/plat/%,$(filter %.c,$(SOURCES))) \
  hyp/trap/leave.c hyp/trap/switch.c hyp/boot/teardown.c hyp/boot/records.c $(filter-out %_main.c test/fuzz/memory_% test/fuzz/faults_%,$(wildcard test/fuzz/*.c)) $(SPEC) test/spec/process.c
FUZZ_LINK := -no-pie $(FUZZ_WRAPPED:%=-Wl,--wrap=%)
FUZZ_LINK_asan := $(patsubst %,-Wl$(comma)--wrap=%,slab_free heap_free frame_free frame_free_range frame_wants_zeroing)
FUZZ_LINK_fuzzer := $(FUZZ_LINK_asan)
FUZZ_LINK_afl := $(FUZZ_LINK_asan)
FUZZ_CC_afl := AFL_QUIET=1 afl-clang-fast

define fuzz_kind
build/fuzz/$(1)/%.o: %.c test/fuzz/fuzz.mk | deps-host deps-fuzz $$(if $$(FUZZ_CC_$(1)),deps-$(1))
	$$(call say,CC,'$(1) $$<')
	$$(Q)mkdir -p $$(@D) && $$(or $$(FUZZ_CC_$(1)),clang) $$(FUZZ_COMMON) $$(FUZZ_FLAGS_$(1)) $$(if $$(filter hyp/%,$$(filter-out %_host.c,$$<)),$$(FUZZ_STEPS_$(1))) -c -o $$@ $$<
-include $$(patsubst %.c,build/fuzz/$(1)/%.d,$$(sort $$(FUZZ_SOURCES) $$(wildcard test/fuzz/*.c)))
endef
$(foreach kind,asan fuzzer afl fast tsan cover tsan-cover,$(eval $(call fuzz_kind,$(kind))))

# kind, program, its own files, flags of the link
define fuzz_program
build/fuzz/$(2): $$(patsubst %.c,build/fuzz/$(1)/%.o,$$(FUZZ_SOURCES) $(3))
	$$(call say,LINK,$$@)
	$$(Q)$$(or $$(FUZZ_CC_$(1)),clang) $$(FUZZ_FLAGS_$(1)) $(4) $$(FUZZ_LINK) $$(FUZZ_LINK_$(1)) -o $$@ $$^ -lfdt -lpthread
endef
$(eval $(call fuzz_program,asan,hypercalls,test/fuzz/seeded_main.c test/fuzz/memory_asan.c))
$(eval $(call fuzz_program,fast,hypercalls-fast,test/fuzz/seeded_main.c test/fuzz/memory_real.c))
$(eval $(call fuzz_program,fuzzer,hypercalls-libfuzzer,test/fuzz/libfuzzer_main.c test/fuzz/memory_asan.c,-fsanitize=fuzzer))
$(eval $(call fuzz_program,afl,hypercalls-afl,test/fuzz/libfuzzer_main.c test/fuzz/cpus.c test/fuzz/memory_asan.c,-fsanitize=fuzzer))
$(eval $(call fuzz_program,asan,faults,test/fuzz/faults_main.c test/fuzz/faults_cases.c test/fuzz/memory_asan.c))
$(eval $(call fuzz_program,fast,faults-slabs,test/fuzz/faults_main.c test/fuzz/faults_cases.c test/fuzz/memory_real.c))
$(eval $(call fuzz_program,cover,hypercalls-cover,test/fuzz/seeded_main.c test/fuzz/memory_real.c))
$(eval $(call fuzz_program,cover,faults-cover,test/fuzz/faults_main.c test/fuzz/faults_cases.c test/fuzz/memory_real.c))
$(eval $(call fuzz_program,tsan-cover,races-cover,test/fuzz/seeded_main.c test/fuzz/memory_real.c))
$(eval $(call fuzz_program,tsan,races,test/fuzz/seeded_main.c test/fuzz/memory_real.c))

FUZZ_PROGRAMS := $(addprefix build/fuzz/,hypercalls hypercalls-fast races faults faults-slabs)
# A share of `make test`: fixed seeds
fuzz-check: $(FUZZ_PROGRAMS)
	$(Q)test/fuzz/run.sh check
# Every fuzzer so many seconds; soak: seeded drivers only (SEED=N repeats)
fuzz: $(FUZZ_PROGRAMS) build/fuzz/hypercalls-libfuzzer build/fuzz/hypercalls-afl
	$(Q)test/fuzz/run.sh fuzz $(T)
fuzz-soak: $(FUZZ_PROGRAMS)
	$(Q)test/fuzz/run.sh soak $(T)
# Which allocations, copies, maps and restarts are reached, and where a failure was tried
fuzz-sites: $(FUZZ_PROGRAMS)
	$(Q)build/fuzz/hypercalls --faults --calls 3000000 --cpus 3 --list >build/fuzz/hypercalls.sites
	$(Q)build/fuzz/faults --list >build/fuzz/faults.sites
	$(Q)build/fuzz/faults-slabs --list >build/fuzz/faults-slabs.sites
	$(Q)test/fuzz/sites.py $(foreach p,hypercalls faults faults-slabs,build/fuzz/$(p) build/fuzz/$(p).sites)
# What clang makes of the hypervisor's files, each function on its own: flow.py reads there what each can answer
FUZZ_FLAGS_ir := -O2 -fno-inline -fno-jump-tables -fno-vectorize -fno-slp-vectorize -fno-unroll-loops -g0 -DDEBUG=1
FUZZ_IR := $(patsubst %.c,build/fuzz/ir/%.ll,$(filter hyp/%,$(FUZZ_SOURCES)))
build/fuzz/ir/%.ll: %.c test/fuzz/fuzz.mk | deps-host deps-fuzz
	$(call say,CC,'ir $<')
	$(Q)mkdir -p $(@D) && clang $(FUZZ_COMMON) $(FUZZ_FLAGS_ir) -S -emit-llvm -o $@ $<
-include $(FUZZ_IR:.ll=.d)
# Every place where an error or a restart begins, and every pair of a call and its errors: reached, or a reason why no fuzzer can
FUZZ_COUNTING := $(addprefix build/fuzz/,hypercalls-cover faults-cover races-cover)
FUZZ_ANSWERS := $(patsubst %,build/fuzz/counted/%.log,hypercalls hypercalls-gicv2 hypercalls-faults races faults corpus)
fuzz-errors: $(FUZZ_COUNTING) $(FUZZ_IR) | deps-cover
	$(Q)test/fuzz/run.sh errors
	$(Q)failed=; test/fuzz/errors.py build/fuzz/counts/all test/fuzz/errors.tsv $(FUZZ_COUNTING) || failed=1; \
	  test/fuzz/answers.py test/fuzz/answers.tsv build/fuzz/ir $(FUZZ_ANSWERS) && [ -z "$$failed" ]

.PHONY: fuzz fuzz-check fuzz-soak fuzz-sites fuzz-errors
