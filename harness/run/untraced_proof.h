#pragma once

#include "harness/run/executor.h"
#include "harness/run/hooking.h"

namespace faultline {

// A target that is not traced (a sanitizer or gdb does that) cannot be held at rte_eal_init. When
// it contains DPDK it is started once before, traced, until it has called that function: Failure
// (kBadInput) when it is not given --no-pci there, or not called within the start's limit, so that
// nothing would prove it. One that ends by itself before, given the scenario's arguments, is
// started once more without them. Does nothing for other targets, and for a program that was proven
// with these arguments in this process. Thread-safe.
void ProveUntraced(const RunRequest& request, const Hooking& hooking);

}  // namespace faultline
