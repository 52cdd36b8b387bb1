#include "harness/run/hooking.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/planner/sanitizer_runtime.h"
#include "harness/planner/startup_libraries.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// The points that a run hooks: those that its faults name, or all.
std::vector<const FaultPoint*> PointsOf(const RunRequest& request) {
  std::vector<const FaultPoint*> points;
  for (const FaultPoint& point : request.catalogue.points) {
    const bool named = std::any_of(request.faults.begin(), request.faults.end(),
                                   [&](const Fault& fault) { return fault.point == point.name; });
    if (named || request.hook_all_points || request.record_sites || request.remote_control) {
      points.push_back(&point);
    }
  }
  return points;
}

std::vector<const Observer*> ObserversOf(const RunRequest& request) {
  std::vector<const Observer*> observers;
  if (request.observe) {
    for (const Observer& observer : request.catalogue.observers) {
      if (observer.same_call_as.empty()) {  // the others see calls that are seen already
        observers.push_back(&observer);
      }
    }
  }
  return observers;
}

// A file that the planner can read: not the vdso, not a deleted file.
bool IsFile(const std::string& path) {
  std::error_code ignored;
  return path.starts_with('/') && fs::is_regular_file(path, ignored);
}

}  // namespace

Hooking::Hooking(const RunRequest& request, const fs::path& directory,
                 const std::map<std::string, std::string>& environment)
    : request_(request),
      modules_(request.cache_dir, ProgramKey(HookedProgram(request))),
      plan_path_(directory / "plan"),
      journal_path_(directory / "journal"),
      remote_control_(directory / "fiu") {
  for (const auto& [name, value] : environment) {
    environment_.push_back(name + "=" + value);
  }
  const PlanRequest plan_request = MakeRequest(modules_.Recall());
  sanitizer_runtime_ = FindSanitizerRuntime(plan_request.libraries);
  wanted_ = !plan_request.points.empty() || !plan_request.observers.empty() ||
            !plan_request.watch_returns.empty();
  if (!wanted_) {
    return;
  }
  plan_ = MakePlan(plan_request);
  WriteFileAtomically(plan_path_,
                      {reinterpret_cast<const char*>(plan_.bytes.data()), plan_.bytes.size()});
  journal_ = std::make_unique<JournalFile>(JournalFile::Create(journal_path_, plan_.bytes));
}

PlanRequest Hooking::MakeRequest(const std::vector<fs::path>& late_modules) const {
  PlanRequest plan_request;
  plan_request.program = HookedProgram(request_);
  plan_request.libraries =
      StartupLibraries(HookedProgram(request_), environment_, request_.cache_dir);
  std::set<fs::path> known(plan_request.libraries.begin(), plan_request.libraries.end());
  for (const fs::path& module : late_modules) {
    if (known.insert(module).second) {
      plan_request.libraries.push_back(module);
    }
  }
  plan_request.points = PointsOf(request_);
  plan_request.observers = ObserversOf(request_);
  plan_request.watch_returns = request_.watch_returns;
  plan_request.catalogue = &request_.catalogue;
  for (const Fault& fault : request_.faults) {
    plan_request.faults.push_back(&fault);
  }
  if (request_.record_sites) {
    plan_request.flags |= protocol::kRecordSites;
  }
  if (request_.profile.detaches) {
    plan_request.flags |= protocol::kDetaches;
  }
  if (request_.remote_control) {
    plan_request.flags |= protocol::kRemoteControl;
    plan_request.fifo_prefix = remote_control_;
  }
  if (!request_.snapshot_control.empty()) {
    plan_request.flags |= protocol::kCarrier;
    plan_request.snapshot_path = request_.snapshot_control;
  }
  plan_request.journal_path = journal_path_;
  plan_request.cache_dir = request_.cache_dir;
  return plan_request;
}

uint32_t Hooking::RuleOf(const std::string& fault) const {
  const auto found = std::find(plan_.faults.begin(), plan_.faults.end(), fault);
  if (found == plan_.faults.end()) {
    throw Failure::BadInput("this run has no fault `" + fault + "`");
  }
  return static_cast<uint32_t>(found - plan_.faults.begin());
}

void Hooking::Arm(const std::string& fault) { journal_->Arm(RuleOf(fault)); }
void Hooking::Disarm(const std::string& fault) { journal_->Disarm(RuleOf(fault)); }

bool Hooking::LearnModules(const JournalSnapshot& journal) {
  std::vector<fs::path> late;
  for (const JournalModule& module : journal.modules) {
    const bool ours = fs::path(module.path).filename() == request_.agent.filename();
    if (!module.planned && !module.is_main && !ours && IsFile(module.path)) {
      late.emplace_back(module.path);
    }
  }
  if (late.empty()) {
    return false;
  }
  const std::vector<fs::path> known = modules_.Recall();
  const auto is_known = [&](const fs::path& module) {
    return std::find(known.begin(), known.end(), module) != known.end();
  };
  late.erase(std::remove_if(late.begin(), late.end(), is_known), late.end());
  if (late.empty()) {
    return false;
  }
  modules_.Remember(late);
  return MakePlan(MakeRequest(late)).hook_symbols.size() > plan_.hook_symbols.size();
}

}  // namespace faultline
