#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/scenario/load_baseline.h"
#include "harness/store/status.h"

namespace faultline {

// A finding of a sweep beside what a baseline says of it.
struct SweepEntry {
  FindingGroup group;
  const BaselineEntry* known = nullptr;  // borrowed from the baseline; nullptr: not in it
  bool is_new = false;                   // not known, and of a status that fails a command
};

// Sorted by status, new ones first within one. `assumed_too` as in FailsCommand.
std::vector<SweepEntry> MakeSweepEntries(std::vector<FindingGroup> groups, const Baseline& baseline,
                                         bool assumed_too);

// One table for each status that has findings, with a line above it that says how many causes they
// have and what the status means; findings that share a cause stand below it. For so many columns.
std::string TellSweepEntries(const std::vector<SweepEntry>& entries, size_t width);

// {id, kind, title, signature, cause, status, known, new, note, reference, runs, seen, sites,
// tries, confirmed, control, without_signal, proof, plan, scenario}; see SweepToJson.
nlohmann::json ToJson(const SweepEntry& entry);
// [{cause, findings: [id]}]: a finding that has no cause but itself stands alone, with "".
nlohmann::json CausesToJson(const std::vector<SweepEntry>& entries);
// {status: findings}, with every status.
nlohmann::json CountByStatus(const std::vector<SweepEntry>& entries);

}  // namespace faultline
