#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "harness/store/store.h"
#include "harness/store/testing/store_values.h"

namespace faultline::testkit {

// A stack as stores keep it, from `depth` functions named after `name`, innermost first, in one of
// ten subsystems.
inline std::string AStack(const std::string& name, int depth, int subsystem) {
  nlohmann::json stack = nlohmann::json::array();
  for (int i = 0; i < depth; ++i) {
    stack.push_back({fmt::format("{}_{}", name, i),
                     fmt::format("/build/lib/{}/{}.c", subsystem % 10, name), 10 + i, "target",
                     100 + i});
  }
  stack.push_back({fmt::format("group{}", subsystem % 100), "/build/lib/group.c", 7, "target", 3});
  stack.push_back({fmt::format("subsystem{}", subsystem % 10), "/build/lib/sub.c", 6, "target", 2});
  stack.push_back({"main", "/build/app/main.c", 5, "target", 1});
  return stack.dump();
}

// A store of a sweep of `sites` sites, each visited once. Site 0 has a confirmed crash, site 1 an
// untried leak, every third site gave up cleanly, the others carried on, and the last was not
// visited. What the target said contains markup.
inline void FillStore(Store& store, int sites) {
  store.AddEnvironment(AnEnvironment());
  Store::Census census;
  census.selection = "all";
  for (int i = 0; i < sites; ++i) {
    StoredSite site = ASite(fmt::format("{:016x}", i), i);
    site.stack = AStack(fmt::format("function{}", i / 4), 8 + i % 4, i);
    site.place = fmt::format("function{}_0 < function{}_1", i / 4, i / 4);
    site.step = 1 + i % 3;
    site.calls = 1;
    site.thread = "reactor_0";
    census.sites.push_back(std::move(site));
  }
  store.AddCensus(census);
  for (int i = 0; i + 1 < sites; ++i) {
    StoredRun run = ARun(fmt::format("transient {:016x}#1", i), i < 2        ? "finding"
                                                                : i % 3 == 0 ? "clean error"
                                                                             : "tolerated");
    run.site = fmt::format("{:016x}", i);
    run.exit = i == 0 ? "SIGSEGV" : "exit 0";
    if (i < 2) {
      run.evidence =
          nlohmann::json{
              {"log", {"starting", "<script>document.title='owned'</script><b>bold</b>", "gone"}},
              {"log_ms", {1, 5, 9}},
              {"injections", {{{"time_ms", 6}, {"step", 2}}}},
              {"threads",
               {{{"crashed", true}, {"stack", nlohmann::json::parse(AStack("died", 3, 1))}}}}}
              .dump();
      StoredFinding finding = AFinding(i == 0 ? "crash: SIGSEGV @ died_0" : "leak: pool left");
      finding.title = i == 0 ? "SIGSEGV: <img src=x onerror=alert(1)> in died_0" : "pool is left";
      finding.stack = AStack("blamed", 4, 2);
      finding.details = R"(["it said: <script>"])";
      run.findings.push_back(std::move(finding));
    }
    store.AddRun(run);
  }
  store.SetConfirmation({"crash: SIGSEGV @ died_0", 3, 3, fmt::format("transient {:016x}#1", 0),
                         "faultline: 1\nname: finding\n"});
}

}  // namespace faultline::testkit
