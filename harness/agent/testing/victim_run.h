#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/agent/testing/plan_builder.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/evidence/journal_file.h"

namespace faultline::agent {

// What a run of the victim program left.
struct VictimResult {
  int status = -1;  // exit code, or 128 + signal
  std::string output;
  JournalSnapshot journal;
};

// Runs the victim program under a plan. Make the plan (its first module is the victim), then Run.
class VictimRun {
 public:
  VictimRun();

  PlanBuilder plan;
  std::function<void(protocol::PlanHeader&)> damage_plan;  // after the journal is made
  std::string preload_before;                              // another library, put before the agent

  // The victim's standard output is read to the end. `on_output` is called with each piece as it
  // comes, for tests that steer the agent meanwhile; it gets the write end of the victim's standard
  // input, which is closed when `on_output` is not given.
  using OnOutput = std::function<void(const std::string& piece, int input, JournalFile& journal)>;
  VictimResult Run(const std::vector<std::string>& arguments, const OnOutput& on_output = {});

  static std::filesystem::path program();
  static std::filesystem::path plugin();
  const std::filesystem::path& directory() const { return directory_.path(); }

 private:
  testkit::TemporaryDirectory directory_;
};

}  // namespace faultline::agent
