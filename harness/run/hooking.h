#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/evidence/journal_file.h"
#include "harness/planner/planner.h"
#include "harness/run/executor.h"
#include "harness/run/module_cache.h"

namespace faultline {

// The agent's side of one run: what is hooked, the plan and journal files, and arming by fault id.
class Hooking {
 public:
  // Plans for request.program and the libraries it is known to map, and writes the files into
  // `directory`. `environment` is the target's; LD_LIBRARY_PATH in it decides about its libraries.
  // Throws what MakePlan throws. `request` is borrowed.
  Hooking(const RunRequest& request, const std::filesystem::path& directory,
          const std::map<std::string, std::string>& environment);

  // False when nothing was asked to be hooked: the target then runs without the agent.
  bool wanted() const { return wanted_; }
  const Plan& plan() const { return plan_; }
  const std::filesystem::path& plan_path() const { return plan_path_; }
  // See FindSanitizerRuntime.
  const std::filesystem::path& sanitizer_runtime() const { return sanitizer_runtime_; }
  JournalFile& journal() { return *journal_; }  // only when wanted()
  // Of RunRequest::remote_control: `fiu-ctrl -f PREFIX PID` leads to the target.
  const std::filesystem::path& remote_control() const { return remote_control_; }

  // `fault` is an id of request.faults.
  void Arm(const std::string& fault);
  void Disarm(const std::string& fault);
  // How many calls it has hit so far.
  uint64_t Hits(const std::string& fault) const { return journal_->Hits(RuleOf(fault)); }

  // Libraries that `journal` shows and the plan did not know: they are remembered for later runs.
  // True when a plan that knows them has more hooks, so that this run has missed some.
  bool LearnModules(const JournalSnapshot& journal);

 private:
  PlanRequest MakeRequest(const std::vector<std::filesystem::path>& late_modules) const;
  uint32_t RuleOf(const std::string& fault) const;

  const RunRequest& request_;
  ModuleCache modules_;
  std::vector<std::string> environment_;  // NAME=VALUE
  bool wanted_ = false;
  Plan plan_;
  std::filesystem::path sanitizer_runtime_;
  std::filesystem::path plan_path_;
  std::filesystem::path journal_path_;
  std::filesystem::path remote_control_;
  std::unique_ptr<JournalFile> journal_;
};

}  // namespace faultline
