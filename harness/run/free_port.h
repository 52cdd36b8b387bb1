#pragma once

#include "harness/base/unique_fd.h"

namespace faultline {

// A port of TCP and UDP for one run. In a network of the run's own every port is free, and the same
// one each time, so that runs compare. On the machine's network it is one at which nobody listens,
// and which no other run has claimed (as CpuClaim does).
class FreePort {
 public:
  explicit FreePort(bool own_network);
  int number() const { return number_; }

 private:
  UniqueFd claim_;
  int number_ = 0;
};

}  // namespace faultline
