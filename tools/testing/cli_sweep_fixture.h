#pragma once

#include <string>
#include <vector>

#include "tools/testing/cli_fixture.h"

namespace faultline {

// Small sweeps of the reference target.
class CliSweepTest : public CliTest {
 protected:
  // The rings of a start: a few dozen plans, a fifth of a second each.
  std::vector<std::string> Sweep(const std::string& store, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"sweep",    Scenario("reference/start.yaml"),
                                          "--store",  Store(store),
                                          "--jobs",   "2",
                                          "--json",   ReportPath(),
                                          "--groups", "dpdk/ring"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string Store(const std::string& name) const { return directory_ / name; }
  static std::vector<std::string> WithDefect(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--set", "defect=unregister-missing"});
    return more;
  }
};

}  // namespace faultline
