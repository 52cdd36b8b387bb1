#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/load_scenario.h"
#include "harness/sweep/changed_lines.h"
#include "harness/sweep/sweep.h"
#include "tools/command.h"
#include "tools/json_output.h"

namespace faultline {

// What a sweep without any selection looks at, as baselines say it.
inline constexpr char kWholeSweep[] = "all";

// What the command line of `faultline sweep` says, and what follows from it. Mistakes are Failures
// (kBadInput) that name the option.
struct SweepSettings {
  // The options of `app`, which outlives nothing of this.
  void Declare(CLI::App& app);

  LoadOptions Load(const GlobalOptions& global) const;
  // Fills in what no option has said, by --definition.
  void ApplyDefinition(const LoadedScenario& loaded);
  // By --changed-since; nullopt without it.
  std::optional<ChangedLines> Changed() const;
  // Without what needs the run: executor, changed lines.
  SweepOptions Options(const GlobalOptions& global, const LoadedScenario& loaded);
  // For a baseline: the options that decide what can be found at all.
  std::string LookedAt(const Selection& selection) const;

  std::string file;
  std::string store;
  std::string program;
  std::string profile;
  std::string target;
  std::vector<std::string> set;
  Selection selection;
  bool own = false;
  bool leaves = false;
  bool derived = false;
  std::string nested = "outermost";
  std::string changed_since;
  std::string source;
  std::vector<std::string> modes;
  std::optional<int> occurrences;  // kOccurrences when not said
  std::optional<int> jobs;
  std::string budget;
  std::string definition;
  std::string shard;
  std::string coverage;
  bool random = false;
  std::optional<uint64_t> seed;
  std::string baseline;
  std::string write_baseline;
  bool assumed = false;
  std::string executor = "cold";
  bool visit_impossible = false;
  bool dry_run = false;
  JsonOutput json;
  std::vector<std::string> reports;

 private:
  void DeclareTarget(CLI::App& app);
  void DeclareSelection(CLI::App& app);
  void DeclareExecution(CLI::App& app);
  Shard OwnShard() const;
};

}  // namespace faultline
