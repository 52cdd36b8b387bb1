#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/diagnostics.h"

namespace faultline {

// A finding that is known, by its signature; see Finding::signature.
struct BaselineEntry {
  std::string signature;
  std::string kind;
  std::string note;       // why it may stay
  std::string reference;  // upstream's issue, commit or mail
  SourcePosition position;
  bool sometimes = false;  // it does not come in every run: not seeing it says nothing
  // The scenarios in which it is known, as `folder/name` or `name`, with wildcards; none: in all.
  // In another one the same words may tell of another mistake.
  std::vector<std::string> scenarios = {};
  bool elsewhere = false;  // not of the scenario in question: kept, and answers to nothing
};

// The findings that a command does not fail for. A file of its own, usually scenarios/baselines/:
//
//   faultline: 1
//   summary: ...
//   selection: ...
//   findings:
//     - {kind: crash, signature: "...", note: "...", reference: "...", sometimes: true,
//        scenarios: [bdev/raid1, "stop/*"]}
//
// Only kind and signature are required. Texts are taken as they are: a signature may hold
// ${run_dir}, and that is no variable.
struct Baseline {
  std::string summary;
  std::vector<BaselineEntry> entries;  // signature and scenarios are unique
  // What the sweep that wrote it looked at, as Selection::Text; "" = not said. Of another
  // selection nothing can be called gone.
  std::string selection = {};

  // The entry with this signature, else one that may be the same bug (MayBeSameBug); nullptr when
  // it is not known.
  const BaselineEntry* Find(const std::string& signature) const;
  // The entries that none of the signatures `seen` answers to, without those that come sometimes.
  std::vector<BaselineEntry> Gone(const std::set<std::string>& seen) const;
  // For a run or sweep of `scenario`, a file: entries of other scenarios are `elsewhere` from now
  // on.
  void UseFor(const std::filesystem::path& scenario);
};

Baseline LoadBaseline(const std::filesystem::path& file, Diagnostics& diagnostics);
// The same; throws Failure (kBadInput) with everything that is wrong.
Baseline LoadBaseline(const std::filesystem::path& file);

}  // namespace faultline
