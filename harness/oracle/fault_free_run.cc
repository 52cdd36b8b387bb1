#include "harness/oracle/fault_free_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/evidence/registry.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/forgetter.h"
#include "harness/oracle/open_files.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/tracked_objects.h"
#include "harness/oracle/unwinding.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

// Without libc's, the agent's and those that have no name.
std::vector<std::string> FunctionsOf(const Stack& stack) {
  std::vector<std::string> functions;
  for (const Frame& frame : stack) {
    if (!frame.function.empty() && !IsMachinery(frame)) {
      functions.push_back(NameInFile(frame));
    }
  }
  return functions;
}

std::string MakersOf(const TrackedObject& object, const Evidence& evidence,
                     const Catalogue& catalogue, Symbolizer& symbolizer) {
  const Stack stack =
      BlamedStack(evidence.journal.records[object.record], evidence.journal, symbolizer);
  return fmt::format("{}", fmt::join(BlamedFunctions(WithoutMakers(stack, catalogue)), " < "));
}

const Observer* ObserverOf(const protocol::JournalRecord& record, const Evidence& evidence,
                           const Catalogue& catalogue) {
  const auto found = std::ranges::find_if(catalogue.observers, [&](const Observer& observer) {
    return record.index < evidence.observers.size() &&
           observer.name == evidence.observers[record.index];
  });
  return found == catalogue.observers.end() ? nullptr : &*found;
}

// A thread that another one ends than the one that made it may have detached itself. It need not
// have come to that when its process ends, and owes nothing then. What only others do to a thread,
// as to join it, is no such end.
bool MayEndItself(const TrackedObject& object, const Evidence& evidence,
                  const Catalogue& catalogue) {
  const protocol::JournalRecord& made = evidence.journal.records[object.record];
  const protocol::JournalRecord& ended = evidence.journal.records[*object.ended_by];
  const Observer* maker = ObserverOf(made, evidence, catalogue);
  const Observer* ender = ObserverOf(ended, evidence, catalogue);
  return made.tid != ended.tid && maker != nullptr && maker->wrap && maker->key_is_pointee &&
         (ender == nullptr || std::ranges::none_of(ender->when, [](const Condition& condition) {
            return condition.kind == Condition::kOtherThread;
          }));
}

std::vector<ObjectGroup> MakeGroups(const Evidence& evidence, const Catalogue& catalogue) {
  const JournalSnapshot& journal = evidence.journal;
  const std::vector<TrackedObject> objects = TrackObjects(evidence, catalogue);
  std::map<std::string, ObjectGroup> groups;
  const uint32_t last_step = static_cast<uint32_t>(StepOfEnd(evidence));
  const size_t unwinding = BeginOfUnwinding(evidence, catalogue).value_or(0);
  Symbolizer symbolizer;
  for (const TrackedObject& object : objects) {
    ObjectGroup& group = groups[object.group];
    if (group.created++ == 0) {
      group.name = object.group;
      group.order = static_cast<int>(object.record);
      group.made_by = object.label.empty() ? MakersOf(object, evidence, catalogue, symbolizer) : "";
    }
    const bool lasts = !object.ended_by || journal.records[*object.ended_by].step >= last_step;
    group.lasting += lasts ? 1 : 0;
    group.ended = object.ended_by && group.alive == 0
                      ? std::max(group.ended, static_cast<int>(*object.ended_by))
                      : ObjectGroup::kNotEnded;
    if (!object.ended_by || MayEndItself(object, evidence, catalogue)) {
      ++group.alive;
    } else if (object.ended_in) {
      group.part_of.insert(objects[*object.ended_in].group);
      group.part_of.erase(group.name);
    } else if (const uint32_t stack = journal.records[*object.ended_by].stack;
               group.released_by.empty() && stack < journal.stacks.size()) {
      const Stack frames = symbolizer.Symbolize(journal, journal.stacks[stack]);
      group.released_by = fmt::format("{}", fmt::join(BlamedFunctions(frames), " < "));
      group.release_chain = FunctionsOf(frames);
      group.released_by_stop = *object.ended_by >= unwinding;
    }
  }
  std::vector<ObjectGroup> out;
  for (auto& [name, group] : groups) {
    out.push_back(std::move(group));
  }
  return out;
}

std::vector<StaticObject> FindStaticObjects(const Evidence& evidence, const Catalogue& catalogue) {
  std::vector<StaticObject> objects;
  for (const RegistryReplay& replay : ReplayRegistries(evidence, catalogue)) {
    for (const RegistryObject& object : replay.objects) {
      const std::optional<StaticPlace> place = FindStaticPlace(evidence.journal, object.key);
      if (place && !object.label.empty()) {
        objects.push_back({*place, replay.registry, object.label});
      }
    }
  }
  return objects;
}

std::vector<std::string> NormalisedSorted(std::vector<std::string> texts) {
  for (std::string& text : texts) {
    text = NormaliseMessage(text);
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

// The later answers; of what requests add, what they add each time that somebody looked.
void WidenAnswers(std::vector<FaultFreeAnswer>& answers, std::vector<FaultFreeAnswer> others) {
  for (size_t i = 0; i < std::min(answers.size(), others.size()); ++i) {
    FaultFreeAnswer& one = answers[i];
    FaultFreeAnswer& other = others[i];
    if (one.method != other.method || !one.changes) {
      continue;
    }
    if (!other.changes) {
      other.changes = one.changes;
      other.added = std::move(one.added);
      continue;
    }
    std::vector<std::string> each_time;
    std::set_intersection(one.added.begin(), one.added.end(), other.added.begin(),
                          other.added.end(), std::back_inserter(each_time));
    other.added = std::move(each_time);
  }
  answers = std::move(others);
}

// A target that writes without end must not fill a store.
void AddLine(std::set<std::string>& lines, const std::string& line) {
  if (lines.size() < FaultFreeRun::kMostLines) {
    lines.insert(line);
  }
}

void AddNew(const std::vector<std::string>& others, std::vector<std::string>& all) {
  for (const std::string& one : others) {
    if (std::find(all.begin(), all.end(), one) == all.end()) {
      all.push_back(one);
    }
  }
}

// What is in both, by name; the fewest made, the most left.
std::vector<ObjectGroup> WidenGroups(const FaultFreeRun& one, const FaultFreeRun& other) {
  std::vector<ObjectGroup> groups;
  for (ObjectGroup group : one.groups) {
    const ObjectGroup* same = other.FindGroup(group.name);
    group.created = same == nullptr ? 0 : std::min(group.created, same->created);
    group.lasting = same == nullptr ? 0 : std::min(group.lasting, same->lasting);
    if (same != nullptr) {
      group.alive = std::max(group.alive, same->alive);
    }
    groups.push_back(std::move(group));
  }
  for (ObjectGroup group : other.groups) {
    if (one.FindGroup(group.name) == nullptr) {
      group.created = 0;
      group.lasting = 0;
      groups.push_back(std::move(group));
    }
  }
  std::sort(groups.begin(), groups.end(),
            [](const ObjectGroup& a, const ObjectGroup& b) { return a.name < b.name; });
  return groups;
}

}  // namespace

std::string ObjectGroup::Text() const {
  return made_by.empty() ? name
                         : fmt::format("{} made by {}", name.substr(0, name.find(' ')), made_by);
}

const ObjectGroup* FaultFreeRun::FindGroup(const std::string& name) const {
  const auto at = std::lower_bound(
      groups.begin(), groups.end(), name,
      [](const ObjectGroup& group, const std::string& wanted) { return group.name < wanted; });
  return at == groups.end() || at->name != name ? nullptr : &*at;
}

bool FaultFreeRun::Says(const std::string& line) const {
  return lines.contains(NormaliseMessage(line));
}

const FaultFreeAnswer* FaultFreeRun::FindAnswer(const std::string& method, size_t nth) const {
  for (const FaultFreeAnswer& answer : answers) {
    if (answer.method == method && nth-- == 0) {
      return &answer;
    }
  }
  return nullptr;
}

std::vector<std::string> MissingEffects(const FaultFreeAnswer& model,
                                        std::vector<std::string> added) {
  const std::vector<std::string> is = NormalisedSorted(std::move(added));
  std::vector<std::string> missing;
  std::set_difference(model.added.begin(), model.added.end(), is.begin(), is.end(),
                      std::back_inserter(missing));
  return missing;
}

// How long its end took, at most: of one that ends by itself, as after a failed start, all that it
// does while a step waits for that.
int64_t EndMs(const Evidence& evidence) {
  int64_t end_ms = evidence.stop_ms;
  for (const StepResult& step : evidence.steps) {
    end_ms = std::max(end_ms, step.wait.for_what == kForItsEnd ? step.wait.took_ms : 0);
  }
  return end_ms;
}

// The slowest of what it was asked for: answers, and lines that steps waited for. A limit that the
// scenario wrote down says itself how long that may take.
int64_t AnswerMs(const Evidence& evidence) {
  int64_t answer_ms = 0;
  for (const RpcExchange& rpc : evidence.rpcs) {
    answer_ms = std::max(answer_ms, rpc.duration_ms);
  }
  for (const StepResult& step : evidence.steps) {
    const WaitAccount& wait = step.wait;
    if (!wait.limit_is_own && wait.for_what != kForItsEnd &&
        !wait.for_what.starts_with(kForReady)) {
      answer_ms = std::max(answer_ms, wait.took_ms);
    }
  }
  return answer_ms;
}

FaultFreeRun DescribeFaultFree(const Evidence& evidence, const Catalogue& catalogue,
                               const Profile& profile, const Scenario* scenario) {
  FaultFreeRun run;
  run.start_ms = evidence.start_ms;
  run.stop_ms = EndMs(evidence);
  run.rpc_ms = AnswerMs(evidence);
  for (const RpcExchange& rpc : evidence.rpcs) {
    run.answers.push_back(
        {rpc.method, rpc.outcome, rpc.answer, rpc.changes, NormalisedSorted(rpc.added)});
  }
  run.left_behind = evidence.left_behind;
  run.removed_by_steps = evidence.removed_by_steps;
  run.unwinds = BeginOfUnwinding(evidence, catalogue).has_value();
  run.groups = MakeGroups(evidence, catalogue);
  Symbolizer symbolizer;
  for (const OpenFile& file : OpenFilesAtExit(evidence)) {
    ++run.open_files[file.kind];
    if (std::string opener = OpenedBy(evidence, file, symbolizer); !opener.empty()) {
      ++run.opened_by[opener];
    }
    // A daemon that closes all and opens /dev/null in their place keeps none.
    if (file.number <= 2 && FindCloser(evidence, file.number) == nullptr) {
      run.open_std.insert(file.number);
    }
  }
  run.static_objects = FindStaticObjects(evidence, catalogue);
  for (const LogLine& line : evidence.log) {
    AddLine(run.lines, NormaliseMessage(line.text));
  }
  for (const StepResult& step : evidence.steps) {
    for (const std::string& line : step.printed) {
      AddLine(run.lines, NormaliseMessage(line));
    }
  }
  for (const Evidence& life : evidence.lives) {
    run.lives.push_back(DescribeFaultFree(life, catalogue, profile));
  }
  for (const Evidence& own : evidence.targets) {
    const Target* target = scenario == nullptr ? nullptr : scenario->FindTarget(own.target);
    if (target != nullptr) {
      const bool is_subject = own.target == scenario->subject;
      run.targets[own.target] = DescribeFaultFree(own, is_subject ? catalogue : target->catalogue,
                                                  is_subject ? profile : target->profile);
    }
  }
  return run;
}

void Widen(FaultFreeRun& run, const FaultFreeRun& other) {
  run.start_ms = std::max(run.start_ms, other.start_ms);
  run.rpc_ms = std::max(run.rpc_ms, other.rpc_ms);
  run.stop_ms = std::max(run.stop_ms, other.stop_ms);
  AddNew(other.left_behind, run.left_behind);
  AddNew(other.removed_by_steps, run.removed_by_steps);
  run.unwinds = run.unwinds || other.unwinds;
  run.groups = WidenGroups(run, other);
  for (const auto& [kind, count] : other.open_files) {
    run.open_files[kind] = std::max(run.open_files[kind], count);
  }
  for (const auto& [opener, count] : other.opened_by) {
    run.opened_by[opener] = std::max(run.opened_by[opener], count);
  }
  std::erase_if(run.open_std, [&](int number) { return other.open_std.count(number) == 0; });
  for (const std::string& line : other.lines) {
    AddLine(run.lines, line);
  }
  WidenAnswers(run.answers, other.answers);
  for (size_t i = 0; i < other.lives.size(); ++i) {
    if (i < run.lives.size()) {
      Widen(run.lives[i], other.lives[i]);
    } else {
      run.lives.push_back(other.lives[i]);
    }
  }
  for (const auto& [name, target] : other.targets) {
    if (const auto known = run.targets.find(name); known != run.targets.end()) {
      Widen(known->second, target);
    } else {
      run.targets[name] = target;
    }
  }
}

}  // namespace faultline
