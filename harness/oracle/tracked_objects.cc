#include "harness/oracle/tracked_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "harness/evidence/registry.h"
#include "harness/protocol/layout.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

// Enough to tell apart who asked for memory, few enough to be the same on every way there.
constexpr size_t kGroupFrames = 6;

uint64_t HashOfStack(const JournalSnapshot& journal, uint32_t index) {
  uint64_t hash = 0;
  if (index >= journal.stacks.size()) {
    return hash;
  }
  const std::vector<uint64_t>& frames = journal.stacks[index].frames;
  for (size_t i = 0; i < std::min(frames.size(), kGroupFrames); ++i) {
    const uint32_t module = protocol::FrameModule(frames[i]);
    if (module < journal.modules.size()) {
      hash = protocol::HashMix(hash, protocol::HashText(std::filesystem::path(
                                                            journal.modules[module].path)
                                                            .filename()
                                                            .string()));
      hash = protocol::HashMix(hash, protocol::FrameOffset(frames[i]));
    }
  }
  return hash;
}

// Is a function of `observer` hooked?
bool IsSeen(const Observer& observer, const Evidence& evidence) {
  return std::any_of(evidence.hooks.begin(), evidence.hooks.end(), [&](const HookReport& hook) {
    return hook.status == HookReport::Status::kInstalled &&
           std::find(observer.symbols.begin(), observer.symbols.end(), hook.symbol) !=
               observer.symbols.end();
  });
}

bool WasCalled(const Observer& observer, const Evidence& evidence) {
  const std::vector<JournalRecord>& records = evidence.journal.records;
  return std::any_of(records.begin(), records.end(), [&](const JournalRecord& record) {
    return record.kind == JournalRecord::kObserved && record.index < evidence.observers.size() &&
           evidence.observers[record.index] == observer.name;
  });
}

}  // namespace

std::string WithoutNumbers(const std::string& text) {
  std::string without;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      without += c;
    } else if (without.empty() || without.back() != '#') {
      without += '#';
    }
  }
  return without;
}

std::vector<TrackedObject> TrackObjects(const Evidence& evidence, const Catalogue& catalogue) {
  std::vector<TrackedObject> tracked;
  for (const RegistryReplay& replay : ReplayRegistries(evidence, catalogue)) {
    if (!replay.ends_seen) {
      continue;
    }
    for (const RegistryObject& object : replay.objects) {
      TrackedObject& one = tracked.emplace_back();
      one.registry = replay.registry;
      one.label = WithoutNumbers(object.label);
      const uint32_t stack = evidence.journal.records[object.record].stack;
      one.group = one.label.empty() ? fmt::format("{} at {:016x}", one.registry,
                                                  HashOfStack(evidence.journal, stack))
                                    : fmt::format("{} `{}'", one.registry, one.label);
      one.record = object.record;
      one.ended_by = object.ended_by;
    }
  }
  return tracked;
}

bool HasUnwound(const Evidence& evidence, const Catalogue& catalogue, const Profile& profile) {
  bool seen = false;
  for (const Observer& observer : catalogue.observers) {
    if (observer.event == Observer::Event::kUnwind && IsSeen(observer, evidence)) {
      seen = true;
      if (WasCalled(observer, evidence)) {
        return true;
      }
    }
  }
  const std::vector<int>& clean = profile.clean_exit_codes;
  return !seen && evidence.asked_to_stop &&
         std::find(clean.begin(), clean.end(), evidence.exit.code) != clean.end();
}

}  // namespace faultline
