#include "harness/oracle/fault_free_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "harness/evidence/registry.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/line_pattern.h"
#include "harness/oracle/open_files.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/tracked_objects.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

// The groups of one run, with the stacks of the calls that end their objects.
class GroupMaker {
 public:
  GroupMaker(const Evidence& evidence, const Catalogue& catalogue)
      : journal_(evidence.journal), objects_(TrackObjects(evidence, catalogue)) {}

  std::vector<ObjectGroup> Make() {
    for (const TrackedObject& object : objects_) {
      ObjectGroup& group = groups_[object.group];
      group.name = object.group;
      ++group.created;
      if (!object.ended_by) {
        ++group.alive;
        continue;
      }
      const uint32_t stack = journal_.records[*object.ended_by].stack;
      if (stack < journal_.stacks.size()) {
        ended_by_[stack].insert(object.group);
      }
    }
    for (const auto& [stack, names] : ended_by_) {
      NoteEnd(stack, names);
    }
    std::vector<ObjectGroup> groups;
    for (auto& [name, group] : groups_) {
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  // Does the call at stack `inner` come from inside the one at `outer`? Then the callers of the
  // outer one are the inner one's outermost.
  bool IsInside(uint32_t inner, uint32_t outer) const {
    const JournalStack& in = journal_.stacks[inner];
    const JournalStack& out = journal_.stacks[outer];
    for (size_t skip = 1; skip < in.frames.size(); ++skip) {
      const size_t common = std::min(in.frames.size() - skip, out.frames.size());
      const bool whole = common == out.frames.size() && skip + common == in.frames.size();
      if ((whole || in.truncated) && common > 0 &&
          std::equal(out.frames.begin(), out.frames.begin() + static_cast<ptrdiff_t>(common),
                     in.frames.begin() + static_cast<ptrdiff_t>(skip))) {
        return true;
      }
    }
    return false;
  }

  void NoteEnd(uint32_t stack, const std::set<std::string>& names) {
    std::set<std::string> wholes;
    for (const auto& [other, other_names] : ended_by_) {
      if (other != stack && IsInside(stack, other)) {
        wholes.insert(other_names.begin(), other_names.end());
      }
    }
    std::string released_by;
    if (wholes.empty()) {
      released_by = fmt::format("{}", fmt::join(BlamedFunctions(symbolizer_.Symbolize(
                                                    journal_, journal_.stacks[stack])),
                                                " < "));
    }
    for (const std::string& name : names) {
      ObjectGroup& group = groups_[name];
      group.part_of.insert(wholes.begin(), wholes.end());
      group.part_of.erase(name);
      if (group.released_by.empty()) {
        group.released_by = released_by;
      }
    }
  }

  const JournalSnapshot& journal_;
  const std::vector<TrackedObject> objects_;
  std::map<std::string, ObjectGroup> groups_;
  std::map<uint32_t, std::set<std::string>> ended_by_;  // stack: groups whose objects end there
  Symbolizer symbolizer_;
};

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

std::set<std::string> FindErrorLines(const Evidence& evidence, const Profile& profile) {
  std::set<std::string> lines;
  for (const std::string& text : profile.error_lines) {
    const LinePattern pattern(text);
    for (const LogLine& line : evidence.log) {
      if (pattern.Matches(line.text)) {
        lines.insert(NormaliseMessage(line.text));
      }
    }
  }
  return lines;
}

// What is in both, by name; the fewest made, the most left.
std::vector<ObjectGroup> WidenGroups(const FaultFreeRun& one, const FaultFreeRun& other) {
  std::vector<ObjectGroup> groups;
  for (ObjectGroup group : one.groups) {
    const ObjectGroup* same = other.FindGroup(group.name);
    group.created = same == nullptr ? 0 : std::min(group.created, same->created);
    if (same != nullptr) {
      group.alive = std::max(group.alive, same->alive);
    }
    groups.push_back(std::move(group));
  }
  for (ObjectGroup group : other.groups) {
    if (one.FindGroup(group.name) == nullptr) {
      group.created = 0;
      groups.push_back(std::move(group));
    }
  }
  std::sort(groups.begin(), groups.end(),
            [](const ObjectGroup& a, const ObjectGroup& b) { return a.name < b.name; });
  return groups;
}

}  // namespace

const ObjectGroup* FaultFreeRun::FindGroup(const std::string& name) const {
  const auto at = std::lower_bound(
      groups.begin(), groups.end(), name,
      [](const ObjectGroup& group, const std::string& wanted) { return group.name < wanted; });
  return at == groups.end() || at->name != name ? nullptr : &*at;
}

FaultFreeRun DescribeFaultFree(const Evidence& evidence, const Catalogue& catalogue,
                               const Profile& profile) {
  FaultFreeRun run;
  run.start_ms = evidence.start_ms;
  run.stop_ms = evidence.stop_ms;
  for (const RpcExchange& rpc : evidence.rpcs) {
    run.rpc_ms = std::max(run.rpc_ms, rpc.duration_ms);
    run.answers.push_back({rpc.method, rpc.outcome, rpc.answer});
  }
  run.left_behind = evidence.left_behind;
  run.groups = GroupMaker(evidence, catalogue).Make();
  for (const OpenFile& file : OpenFilesAtExit(evidence)) {
    ++run.open_files[file.kind];
    if (file.number <= 2) {
      run.open_std.insert(file.number);
    }
  }
  run.static_objects = FindStaticObjects(evidence, catalogue);
  run.error_lines = FindErrorLines(evidence, profile);
  return run;
}

void Widen(FaultFreeRun& run, const FaultFreeRun& other) {
  run.start_ms = std::max(run.start_ms, other.start_ms);
  run.rpc_ms = std::max(run.rpc_ms, other.rpc_ms);
  run.stop_ms = std::max(run.stop_ms, other.stop_ms);
  for (const std::string& left : other.left_behind) {
    if (std::find(run.left_behind.begin(), run.left_behind.end(), left) == run.left_behind.end()) {
      run.left_behind.push_back(left);
    }
  }
  run.groups = WidenGroups(run, other);
  for (const auto& [kind, count] : other.open_files) {
    run.open_files[kind] = std::max(run.open_files[kind], count);
  }
  std::erase_if(run.open_std, [&](int number) { return other.open_std.count(number) == 0; });
  run.error_lines.insert(other.error_lines.begin(), other.error_lines.end());
  run.answers = other.answers;
}

}  // namespace faultline
