# Verbs only: meson and ninja build (CONVENTIONS.md). BUILD=DIR chooses another build directory.
BUILD ?= build

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)
	ninja -C $(BUILD) tare-oci

$(BUILD)/build.ninja:
	meson setup $(BUILD)

# Every test there is; WHAT="words" only those whose name holds one of them.
check: all
	tests/run --build $(BUILD) $(WHAT)

# The same under AddressSanitizer and UndefinedBehaviorSanitizer, whose findings all end the program: a test that does not
# read stderr would not see them otherwise.
check-asan:
	[ -d $(BUILD)-asan ] || meson setup $(BUILD)-asan -Db_sanitize=address,undefined -Dstatic=false \
		-Dc_args=-fno-sanitize-recover=all
	$(MAKE) check BUILD=$(BUILD)-asan

# Everything in virtual machines: each mode (tests/vm/README.md) with the oldest kernel and the newest of Debian 12's backports.
# Hours without KVM; fewer by MODES="v2 v1" KERNELS=6.1. Every machine runs, also after a failure.
MODES ?= v2 systemd v1 hybrid
KERNELS ?= 6.1 backports
check-vm: all
	failed=0; for kernel in $(KERNELS); do for mode in $(MODES); do echo "== $$mode, Linux $$kernel"; \
		tests/vm/run --kernel $$kernel --deadline 7200 $$mode -- tests/run --kind unit,bats --slow 5 $(WHAT) || failed=1; \
		done; done; exit $$failed

# Ten minutes of fifty containers at once, with SIGKILLs of clients, monitors and programs; nothing may be left.
CHURN_S ?= 600
churn: all
	CHURN_S=$(CHURN_S) CHURN_WORKERS=50 TARE=$(abspath $(BUILD))/tare bats tests/engine/churn.bats

lint: all
	tools/lint $(BUILD)

# Every source as clang-format writes it.
format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

# Each target for FUZZ_S seconds, beginning with its stored corpus.
FUZZ_S ?= 30
fuzz:
	[ -d $(BUILD)-fuzz ] || CC=clang meson setup $(BUILD)-fuzz -Dfuzz=true -Dtests=false -Dstatic=false \
		-Db_sanitize=address,undefined -Db_lundef=false
	ninja -C $(BUILD)-fuzz $$(ninja -C $(BUILD)-fuzz -t targets all | sed -n 's/^\(fuzz-[a-z0-9-]*\): .*/\1/p')
	tools/fuzz $(BUILD)-fuzz $(FUZZ_S)

# PEERS=sid: newer peers too. BENCH="--rounds 5 …": more options of bench/run.
bench: all
	bench/run --build $(BUILD) $(if $(PEERS),--peers $(PEERS)) $(BENCH)

bench-check: all
	bench/check --build $(BUILD)

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz $(BUILD)-analyzer $(BUILD)-tidy

.PHONY: all check check-asan check-vm churn lint format fuzz bench bench-check install clean
