#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/oracle/testing/judged_run.h"

namespace faultline::testkit {

// A run in which a call failed and that went on as if nothing had been: two devices are there in
// the fault-free run.
class Swallowed : public ::testing::Test {
 protected:
  Swallowed() {
    JudgedRun fault_free;
    fault_free.step = 4;
    Make(fault_free, {"iobuf", "accel"});
    described_ = DescribeFaultFree(fault_free.evidence, fault_free.catalogue, fault_free.profile);
    run_.fault_free = &described_;
    run_.catalogue.observers[0].essential = true;  // io_device/register
    run_.scenario.tolerance = Tolerance::kMayFailCleanly;
    run_.step = 2;
    run_.Inject("device");
    run_.evidence.injections[0].stack = {At("accel_init", "/src/accel.c")};
  }
  static void Make(JudgedRun& run, const std::vector<std::string>& devices) {
    uint64_t key = 0x10;
    for (const std::string& device : devices) {
      run.Call("io_device/register", key, device);
      run.Call("io_device/unregister", key++);
    }
  }
  FaultFreeRun described_;
  JudgedRun run_;
};

}  // namespace faultline::testkit
