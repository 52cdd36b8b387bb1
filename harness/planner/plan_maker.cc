#include "harness/planner/plan_maker.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/failure.h"
#include "harness/planner/plan_rules.h"
#include "harness/planner/sanitizer_runtime.h"
#include "harness/planner/symbol_resolver.h"

namespace faultline {
namespace {

using protocol::kNone;
using protocol::PlanHook;
using protocol::PlanModule;
using protocol::PlanObserver;
using protocol::PlanPoint;
using protocol::PlanRange;
using protocol::PlanRule;
using Status = PointCoverage::Status;

uint32_t KeyOf(const Observer& observer) {
  if (observer.key_argument) {
    return static_cast<uint32_t>(*observer.key_argument) +
           (observer.key_is_pointee ? uint32_t{PlanObserver::kKeyPointee0} : 0);
  }
  const bool of_object =
      observer.event != Observer::Event::kErrorNote && observer.event != Observer::Event::kUnwind;
  return of_object ? uint32_t{PlanObserver::kKeyResult} : uint32_t{PlanObserver::kKeyNone};
}

// Does a function of library `base_name` belong to a point or observer of `module`? A sanitizer's
// runtime has functions in the place of libc's.
bool IsIn(const std::string& base_name, const std::string& module) {
  return base_name.starts_with(module) ||
         (module.starts_with("libc.so") && IsSanitizerRuntime(base_name));
}

void AddNote(std::string& notes, const std::string& note) {
  notes += (notes.empty() ? "" : "; ") + note;
}

}  // namespace

SymbolQuery PlanMaker::QueryFor(const PlanRequest& request,
                                const std::vector<const FaultPoint*>& points) {
  SymbolQuery query;
  for (const FaultPoint* point : points) {
    query.hooks.insert(point->symbols.begin(), point->symbols.end());
  }
  for (const Observer* observer : request.observers) {
    query.hooks.insert(observer->symbols.begin(), observer->symbols.end());
    query.ranges.insert(observer->ignore_callers.begin(), observer->ignore_callers.end());
  }
  for (const Fault* fault : request.faults) {
    query.ranges.insert(fault->callers.begin(), fault->callers.end());
  }
  if (request.catalogue != nullptr) {
    query.ranges.insert(request.catalogue->wrappers.begin(), request.catalogue->wrappers.end());
    for (const auto& [name, symbol] : request.catalogue->error_variables) {
      query.tls.insert(symbol);
    }
  }
  return query;
}

PlanMaker::HookUsers& PlanMaker::UsersOf(uint32_t module, const PlannedHook& hook) {
  HookUsers& users = hooks_[{module, hook.recipe.patch_at}];
  if (users.hook == nullptr) {
    users.hook = &hook;
  }
  return users;
}

template <typename Use>
void PlanMaker::Cover(const std::string& name, const std::vector<std::string>& symbols,
                      const std::string& module, Use use) {
  const ModuleRecord& program = records_.front();
  for (const std::string& symbol : symbols) {
    size_t before = plan_.coverage.size();
    for (const auto& [index, answer] : symbols_.Hooks(symbol)) {
      std::string base_name = records_[index].base_name();
      // The loader has its own copies of many a libc function; that they are left alone is no news.
      bool loader_copy = IsDynamicLoader(base_name) && symbols_.Hooks(symbol).size() > 1;
      if (IsIn(base_name, module) && !loader_copy) {
        PointCoverage& coverage = plan_.coverage.emplace_back(
            PointCoverage{name, symbol, base_name, answer->status, answer->reason, answer->note});
        for (const PlannedHook& hook : answer->hooks) {
          use(UsersOf(index, hook), coverage);
        }
      }
    }
    if (plan_.coverage.size() == before) {
      plan_.coverage.push_back(
          {name, symbol, "", Status::kMissing,
           program.has_full_symbols
               ? ""
               : program.base_name() + " is stripped: only its exported functions are known",
           ""});
    }
  }
}

PlanPoint PlanMaker::MakePoint(uint32_t index) {
  const FaultPoint& point = *points_[index];
  size_t first_coverage = plan_.coverage.size();
  Cover(point.name, point.symbols, point.module, [&](HookUsers& users, PointCoverage& coverage) {
    if (!users.points.empty() && users.points.back() == index) {
      AddNote(coverage.note, "the same function as " + users.hook->symbol);
      return;
    }
    users.points.push_back(index);
    ++hooks_of_point_[index];
  });
  PlanPoint result;
  result.name = file_.AddText(point.name);
  result.name_hash = protocol::HashText(point.name);
  result.result = static_cast<uint64_t>(point.failure.result);
  result.errno_value = point.failure.errno_value;
  result.watch_return = std::find(request_.watch_returns.begin(), request_.watch_returns.end(),
                                  point.name) != request_.watch_returns.end()
                            ? 1
                            : 0;
  if (point.failure.error_variables.size() > 1) {
    throw Failure::BadInput(
        fmt::format("{}: point `{}` sets {} error variables; expected at most 1",
                    point.position.ToString(), point.name, point.failure.error_variables.size()));
  }
  for (const auto& [name, value] : point.failure.error_variables) {
    result.error_variable = ErrorVariable(name, point);
    result.error_value = value;
    for (size_t i = first_coverage; i < plan_.coverage.size(); ++i) {
      if (result.error_variable == kNone && plan_.coverage[i].status == Status::kFound) {
        AddNote(plan_.coverage[i].note, name + " is not in this program and is not set");
      }
    }
  }
  result.conditions = file_.Add(point.when);
  std::vector<protocol::PlanReplacement> replacements;
  for (const Replacement& replacement : point.instead) {
    replacements.push_back(
        {replacement.kind, static_cast<uint32_t>(replacement.argument),
         static_cast<uint32_t>(replacement.offset), static_cast<uint32_t>(replacement.width),
         static_cast<uint64_t>(replacement.value), file_.AddText(replacement.text)});
  }
  result.replacements = file_.Add(replacements);
  result.after_call = point.after_call ? 1 : 0;
  result.held_file = point.held_by_another ? static_cast<uint32_t>(*point.held_by_another) : kNone;
  return result;
}

uint32_t PlanMaker::ErrorVariable(const std::string& name, const FaultPoint& point) {
  const auto* known =
      request_.catalogue == nullptr ? nullptr : &request_.catalogue->error_variables;
  if (known == nullptr || !known->contains(name)) {
    throw Failure::BadInput(
        fmt::format("{}: point `{}` sets the error variable `{}`, which the "
                    "catalogue does not define",
                    point.position.ToString(), point.name, name));
  }
  auto [entry, is_new] = error_variable_of_.try_emplace(name, kNone);
  const auto& answers = symbols_.Tls(known->at(name));
  if (is_new && !answers.empty()) {
    entry->second = static_cast<uint32_t>(error_variables_.size());
    error_variables_.push_back({answers.front().first, 0, answers.front().second->offset});
  }
  return entry->second;
}

PlanObserver PlanMaker::MakeObserver(uint32_t index) {
  const Observer& observer = *request_.observers[index];
  Cover(observer.name, observer.symbols, observer.module,
        [&](HookUsers& users, PointCoverage& coverage) {
          if (users.observer == index) {
            AddNote(coverage.note, "the same function as " + users.hook->symbol);
          } else if (users.observer != kNone) {
            throw Failure::BadInput(
                fmt::format("{}: observers `{}` and `{}` both watch {}; expected one per function",
                            observer.position.ToString(), request_.observers[users.observer]->name,
                            observer.name, coverage.symbol));
          }
          users.observer = index;
        });
  PlanObserver result;
  result.name = file_.AddText(observer.name);
  result.is_error_note = observer.event == Observer::Event::kErrorNote ? 1 : 0;
  result.key = KeyOf(observer);
  result.label = observer.label_argument ? static_cast<uint32_t>(*observer.label_argument) : kNone;
  // Who wants the result must wait for it.
  result.wrap = observer.wrap || result.key == PlanObserver::kKeyResult ? 1 : 0;
  result.stack_words = static_cast<uint32_t>(observer.stack_words);
  result.conditions = file_.Add(observer.when);
  std::vector<PlanRange> ignored;
  for (const std::string& caller : observer.ignore_callers) {
    size_t before = ignored.size();
    AddRanges(caller, ignored);
    if (ignored.size() == before) {
      plan_.notes.push_back(
          fmt::format("caller `{}`, which observer `{}` ignores, is not in this "
                      "program",
                      caller, observer.name));
    }
  }
  result.ignore_callers = file_.Add(ignored);
  return result;
}

void PlanMaker::AddRanges(const std::string& name, std::vector<PlanRange>& ranges) const {
  for (const auto& [module, answer] : symbols_.Ranges(name)) {
    for (const AddressRange& range : answer->ranges) {
      ranges.push_back({module, 0, range.begin, range.end});
    }
  }
}

void PlanMaker::AddEveryFunction() {
  every_function_.resize(records_.size());
  for (uint32_t module = 0; module < records_.size(); ++module) {
    const auto& wanted = request_.every_function_of;
    std::string base_name = records_[module].base_name();
    if (std::find(wanted.begin(), wanted.end(), base_name) == wanted.end()) {
      continue;
    }
    std::vector<std::string> refused;
    ElfImage image = ElfImage::Open(records_[module].path);
    every_function_[module] = HookEveryFunction(image, refused);
    for (const PlannedHook& hook : every_function_[module]) {
      UsersOf(module, hook);
    }
    for (const std::string& text : refused) {
      size_t colon = text.find(": ");
      plan_.coverage.push_back(
          {"", text.substr(0, colon), base_name, Status::kRefused, text.substr(colon + 2), ""});
    }
  }
}

std::vector<PlanModule> PlanMaker::MakeModules() {
  std::vector<PlanModule> modules;
  for (const ModuleRecord& record : records_) {
    PlanModule& module = modules.emplace_back();
    module.path = file_.AddText(record.path);
    module.base_name = file_.AddText(record.base_name());
    module.build_id = record.build_id;
    module.is_main = modules.size() == 1 ? 1 : 0;
    module.tls_size = record.tls_size;
  }
  return modules;
}

std::vector<PlanHook> PlanMaker::MakeHooks() {
  std::vector<PlanHook> hooks;
  for (const auto& [place, users] : hooks_) {
    const HookRecipe& recipe = users.hook->recipe;
    PlanHook& hook = hooks.emplace_back();
    hook.module = place.first;
    hook.observer = users.observer;
    hook.points = file_.Add(users.points);
    hook.entry = recipe.entry;
    hook.patch_at = recipe.patch_at;
    hook.displaced = recipe.displaced;
    hook.original_size = static_cast<uint8_t>(recipe.original.size());
    std::copy(recipe.original.begin(), recipe.original.end(), hook.original);
    hook.trampoline = file_.Add(recipe.trampoline);
    hook.fixups = file_.Add(recipe.fixups);
    hook.symbol = file_.AddText(users.hook->symbol);
    plan_.hook_symbols.push_back(users.hook->symbol);
    plan_.hook_modules.push_back(records_[place.first].base_name());
  }
  return hooks;
}

Plan PlanMaker::Make() {
  protocol::PlanHeader header;
  header.flags = request_.flags;
  header.site_depth = request_.site_depth;
  header.journal_path = file_.AddText(request_.journal_path.string());
  header.fifo_prefix = file_.AddText(request_.fifo_prefix.string());
  header.snapshot_path = file_.AddText(request_.snapshot_path.string());

  hooks_of_point_.resize(points_.size());
  std::vector<PlanPoint> points;
  for (uint32_t i = 0; i < points_.size(); ++i) {
    points.push_back(MakePoint(i));
    plan_.points.push_back(points_[i]->name);
  }
  std::vector<PlanObserver> observers;
  for (uint32_t i = 0; i < request_.observers.size(); ++i) {
    observers.push_back(MakeObserver(i));
    plan_.observers.push_back(request_.observers[i]->name);
  }
  std::vector<PlanRule> rules;
  for (const Fault* fault : request_.faults) {
    rules.push_back(MakeRule(*fault));
    plan_.faults.push_back(fault->id);
  }
  AddEveryFunction();
  if (request_.explain_missing) {
    ExplainMissing();
  }
  std::vector<PlanRange> wrappers;
  if (request_.catalogue != nullptr) {
    for (const std::string& wrapper : request_.catalogue->wrappers) {
      AddRanges(wrapper, wrappers);
    }
  }
  header.modules = file_.Add(MakeModules());
  header.hooks = file_.Add(MakeHooks());
  header.points = file_.Add(points);
  header.error_variables = file_.Add(error_variables_);
  header.rules = file_.Add(rules);
  header.observers = file_.Add(observers);
  header.wrappers = file_.Add(wrappers);
  plan_.bytes = file_.Finish(header);
  return std::move(plan_);
}

}  // namespace faultline
