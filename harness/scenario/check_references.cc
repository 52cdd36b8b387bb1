#include "harness/scenario/check_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

class ReferenceCheck {
 public:
  ReferenceCheck(LoadedScenario& loaded, Diagnostics& diagnostics)
      : loaded_(loaded), diagnostics_(diagnostics) {}

  void Run() {
    for (const FaultPoint& point : loaded_.catalogue.points) {
      points_.push_back(point.name);
    }
    for (const Fault& fault : loaded_.scenario.faults) {
      fault_ids_.push_back(fault.id);
    }
    for (const Step& step : loaded_.scenario.steps) {
      CheckStep(step);
    }
    for (Fault& fault : loaded_.scenario.faults) {
      CheckFault(fault);
    }
  }

 private:
  void CheckStep(const Step& step) {
    if (!step.name.empty()) {
      if (std::find(step_names_.begin(), step_names_.end(), step.name) != step_names_.end()) {
        diagnostics_.Add(step.position, fmt::format("two steps have the name `{}`", step.name));
      }
      step_names_.push_back(step.name);
    }
    if (const auto* arm = std::get_if<ArmStep>(&step.action); arm != nullptr) {
      CheckIds(step, arm->faults);
      armed_by_step_.insert(arm->faults.begin(), arm->faults.end());
    } else if (const auto* disarm = std::get_if<DisarmStep>(&step.action); disarm != nullptr) {
      CheckIds(step, disarm->faults);
    } else if (std::holds_alternative<RpcStep>(step.action) && !loaded_.profile.rpc) {
      diagnostics_.Add(
          step.position,
          fmt::format("an rpc step, but profile `{}` has no `rpc: true`", loaded_.profile.name));
    }
  }

  void CheckIds(const Step& step, const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      if (loaded_.scenario.FindFault(id) == nullptr) {
        diagnostics_.Add(step.position,
                         fmt::format("there is no fault `{}`{}", id, DidYouMean(id, fault_ids_)));
      }
    }
  }

  void CheckFault(Fault& fault) {
    if (!fault.point.empty() && loaded_.catalogue.FindPoint(fault.point) == nullptr) {
      diagnostics_.Add(
          fault.position,
          fmt::format("unknown fault point `{}` in the catalogues of profile `{}`{}", fault.point,
                      loaded_.profile.name, DidYouMean(fault.point, points_)));
    }
    if (!fault.from_step.empty() &&
        std::find(step_names_.begin(), step_names_.end(), fault.from_step) == step_names_.end()) {
      diagnostics_.Add(fault.position, fmt::format("no step has the name `{}`{}", fault.from_step,
                                                   DidYouMean(fault.from_step, step_names_)));
    }
    CheckAfter(fault);
    if (armed_by_step_.contains(fault.id)) {
      fault.armed_at_start = false;
    }
  }

  // A chain of `after` must end, or none of its faults ever happens.
  void CheckAfter(const Fault& fault) {
    const Fault* link = &fault;
    for (size_t length = 0; !link->after.empty(); ++length) {
      const Fault* next = loaded_.scenario.FindFault(link->after);
      if (next == nullptr) {
        // Another fault of the chain may be the one to blame; it is told at its own place.
        if (link == &fault) {
          diagnostics_.Add(fault.position,
                           fmt::format("`after`: there is no fault `{}`{}", fault.after,
                                       DidYouMean(fault.after, fault_ids_)));
        }
        return;
      }
      if (next == &fault || length > loaded_.scenario.faults.size()) {
        diagnostics_.Add(fault.position,
                         fmt::format("`after`: fault `{}` waits for itself", fault.id));
        return;
      }
      link = next;
    }
  }

  LoadedScenario& loaded_;
  Diagnostics& diagnostics_;
  std::vector<std::string> points_, fault_ids_, step_names_;
  std::set<std::string> armed_by_step_;
};

}  // namespace

void CheckReferences(LoadedScenario& loaded, Diagnostics& diagnostics) {
  ReferenceCheck(loaded, diagnostics).Run();
}

}  // namespace faultline
