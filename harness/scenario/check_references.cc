#include "harness/scenario/check_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

class ReferenceCheck {
 public:
  ReferenceCheck(LoadedScenario& loaded, const std::vector<std::shared_ptr<Target>>& targets,
                 Diagnostics& diagnostics)
      : loaded_(loaded), targets_(targets), diagnostics_(diagnostics) {}

  void Run() {
    for (const std::shared_ptr<Target>& target : targets_) {
      target_names_.push_back(target->name);
    }
    NoteStarts();
    for (const Fault& fault : loaded_.scenario.faults) {
      fault_ids_.push_back(fault.id);
    }
    for (const Companion& companion : loaded_.scenario.companions) {
      companions_.push_back(companion.name);
    }
    for (Step& step : loaded_.scenario.steps) {
      CheckTarget(step.target, step.position);
      CheckStarted(step);
      CheckStep(step);
    }
    for (Fault& fault : loaded_.scenario.faults) {
      CheckFault(fault);
    }
    for (Companion& companion : loaded_.scenario.companions) {
      companion.started_by_step = started_by_step_.contains(companion.name);
    }
  }

 private:
  // Which targets do not start at the beginning?
  void NoteStarts() {
    for (const Step& step : loaded_.scenario.steps) {
      const auto* start = std::get_if<RestartStep>(&step.action);
      if (Target* target = FindTarget(step.target);
          start != nullptr && start->is_start && target != nullptr) {
        target->starts_later = true;
      }
    }
    const bool all_later =
        !targets_.empty() && std::all_of(targets_.begin(), targets_.end(),
                                         [](const auto& target) { return target->starts_later; });
    if (all_later) {
      diagnostics_.Add(targets_.front()->position,
                       "a step starts each of the `targets`; expected one that starts by itself");
    }
  }

  // A step of a target that has not been started does nothing.
  void CheckStarted(const Step& step) {
    const Target* target = FindTarget(step.target);
    if (target == nullptr || !target->starts_later || started_.contains(target->name)) {
      return;
    }
    const auto* start = std::get_if<RestartStep>(&step.action);
    started_.insert(target->name);
    if (start == nullptr || !start->is_start) {
      diagnostics_.Add(step.position,
                       fmt::format("target `{}` has not been started; expected `start: {}` before",
                                   target->name, target->name));
    }
  }

  Target* FindTarget(const std::string& name) const {
    for (const std::shared_ptr<Target>& target : targets_) {
      if (target->name == name) {
        return target.get();
      }
    }
    return nullptr;
  }

  const Profile& ProfileOf(const std::string& target) const {
    const Target* found = FindTarget(target);
    return found == nullptr ? loaded_.profile : found->profile;
  }
  const Catalogue& CatalogueOf(const std::string& target) const {
    const Target* found = FindTarget(target);
    return found == nullptr ? loaded_.catalogue : found->catalogue;
  }

  // One that names none is about the first.
  void CheckTarget(std::string& name, const SourcePosition& position) {
    if (name.empty() && !targets_.empty()) {
      name = target_names_.front();
    } else if (!name.empty() && targets_.empty()) {
      diagnostics_.Add(position,
                       fmt::format("target `{}`, but the scenario has no `targets`", name));
    } else if (!name.empty() && FindTarget(name) == nullptr) {
      diagnostics_.Add(position, fmt::format("there is no target `{}`{}", name,
                                             DidYouMean(name, target_names_)));
    }
  }

  void CheckStep(const Step& step) {
    if (!step.name.empty()) {
      if (std::find(step_names_.begin(), step_names_.end(), step.name) != step_names_.end()) {
        diagnostics_.Add(step.position, fmt::format("two steps have the name `{}`", step.name));
      }
      step_names_.push_back(step.name);
      if (IsAnsweredLater(step)) {
        answered_later_.push_back(step.name);
      }
    }
    CheckAction(step);
    NoteConnection(step);
  }

  void NoteConnection(const Step& step) {
    const auto note = [&](const auto* action) {
      if (action != nullptr) {
        connections_[step.target].insert(action->connection);
      }
    };
    note(std::get_if<RpcStep>(&step.action));
    note(std::get_if<PipelineStep>(&step.action));
    note(std::get_if<RawStep>(&step.action));
  }

  // One that no step before has opened is not there to be closed.
  void CheckDisconnect(const Step& step, const std::string& name) {
    if (!ProfileOf(step.target).rpc) {
      diagnostics_.Add(
          step.position,
          fmt::format("`disconnect` needs a profile with `rpc: true`, and `{}` is none",
                      ProfileOf(step.target).name));
      return;
    }
    const std::set<std::string>& open = connections_[step.target];
    if (!name.empty() && !open.contains(name)) {
      diagnostics_.Add(step.position,
                       fmt::format("`disconnect`: no step before this one has `connection: {}`{}",
                                   name, DidYouMean(name, {open.begin(), open.end()})));
    }
  }

  // It may be asked for its answer by `answer_to`.
  static bool IsAnsweredLater(const Step& step) {
    const auto* rpc = std::get_if<RpcStep>(&step.action);
    return (rpc != nullptr && rpc->no_wait) || std::holds_alternative<RawStep>(step.action);
  }

  // The key of a step that speaks JSON-RPC, as it is written; "" of others.
  static std::string_view RpcKey(const Step& step) {
    return std::holds_alternative<RpcStep>(step.action)        ? "rpc"
           : std::holds_alternative<PipelineStep>(step.action) ? "pipeline"
           : std::holds_alternative<RawStep>(step.action)      ? "raw"
                                                               : "";
  }

  void CheckAction(const Step& step) {
    if (const auto* arm = std::get_if<ArmStep>(&step.action); arm != nullptr) {
      CheckIds(step, arm->faults);
      armed_by_step_.insert(arm->faults.begin(), arm->faults.end());
    } else if (const auto* disarm = std::get_if<DisarmStep>(&step.action); disarm != nullptr) {
      CheckIds(step, disarm->faults);
    } else if (!RpcKey(step).empty() && !ProfileOf(step.target).rpc) {
      diagnostics_.Add(step.position,
                       fmt::format("`{}` speaks JSON-RPC, but profile `{}` has no `rpc: true`; "
                                   "another protocol: let a client speak it with `run: [...]`",
                                   RpcKey(step), ProfileOf(step.target).name));
    } else if (const auto* close = std::get_if<DisconnectStep>(&step.action); close != nullptr) {
      CheckDisconnect(step, close->connection);
    } else if (const auto* answer = std::get_if<AnswerStep>(&step.action); answer != nullptr) {
      CheckAnswer(step, answer->step);
    } else if (const auto* start = std::get_if<StartCompanionStep>(&step.action);
               start != nullptr) {
      CheckCompanions(step, start->companions);
      started_by_step_.insert(start->companions.begin(), start->companions.end());
    } else if (const auto* stop = std::get_if<StopCompanionStep>(&step.action); stop != nullptr) {
      CheckCompanions(step, stop->companions);
    }
  }

  void CheckAnswer(const Step& step, const std::string& name) {
    if (std::find(answered_later_.begin(), answered_later_.end(), name) == answered_later_.end()) {
      diagnostics_.Add(step.position,
                       fmt::format("`answer_to`: no step before this one has the name `{}` and "
                                   "`no_wait: true` or `raw`{}",
                                   name, DidYouMean(name, answered_later_)));
    }
  }

  void CheckCompanions(const Step& step, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (std::find(companions_.begin(), companions_.end(), name) == companions_.end()) {
        diagnostics_.Add(step.position, fmt::format("there is no companion `{}`{}", name,
                                                    DidYouMean(name, companions_)));
      }
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
    CheckTarget(fault.target, fault.position);
    const Catalogue& catalogue = CatalogueOf(fault.target);
    if (!fault.point.empty() && catalogue.FindPoint(fault.point) == nullptr) {
      std::vector<std::string> points;
      for (const FaultPoint& point : catalogue.points) {
        points.push_back(point.name);
      }
      diagnostics_.Add(
          fault.position,
          fmt::format("unknown fault point `{}` in the catalogues of profile `{}`{}", fault.point,
                      ProfileOf(fault.target).name, DidYouMean(fault.point, points)));
    }
    CheckConnection(fault);
    if (!fault.from_step.empty() &&
        std::find(step_names_.begin(), step_names_.end(), fault.from_step) == step_names_.end()) {
      diagnostics_.Add(fault.position, fmt::format("no step has the name `{}`{}", fault.from_step,
                                                   DidYouMean(fault.from_step, step_names_)));
    }
    if (!fault.until_step.empty() &&
        std::find(step_names_.begin(), step_names_.end(), fault.until_step) == step_names_.end()) {
      diagnostics_.Add(fault.position,
                       fmt::format("`until_step`: no step has the name `{}`{}", fault.until_step,
                                   DidYouMean(fault.until_step, step_names_)));
    }
    for (Step& step : fault.at_call) {
      step.target = step.target.empty() ? fault.target : step.target;
      CheckTarget(step.target, step.position);
      CheckAction(step);
    }
    CheckAfter(fault);
    if (armed_by_step_.contains(fault.id)) {
      fault.armed_at_start = false;
    }
  }

  // What is done over a connection that there never is, is never done.
  void CheckConnection(const Fault& fault) {
    const std::string_view key = fault.action == Fault::Action::kRpc ? "rpc"
                                 : fault.action == Fault::Action::kDropConnection
                                     ? "drop_connection"
                                     : "";
    if (!key.empty() && !ProfileOf(fault.target).rpc) {
      diagnostics_.Add(
          fault.position,
          fmt::format("`{}` needs a profile with `rpc: true`, and `{}` is none: the harness has no "
                      "connection to it",
                      key, ProfileOf(fault.target).name));
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
  const std::vector<std::shared_ptr<Target>>& targets_;
  Diagnostics& diagnostics_;
  std::vector<std::string> target_names_, fault_ids_, step_names_, answered_later_, companions_;
  std::set<std::string> armed_by_step_, started_by_step_;
  std::set<std::string> started_;                             // targets
  std::map<std::string, std::set<std::string>> connections_;  // opened so far, by target
};

}  // namespace

void CheckReferences(LoadedScenario& loaded, const std::vector<std::shared_ptr<Target>>& targets,
                     Diagnostics& diagnostics) {
  ReferenceCheck(loaded, targets, diagnostics).Run();
}

}  // namespace faultline
