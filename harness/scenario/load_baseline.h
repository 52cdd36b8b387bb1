#pragma once

#include <filesystem>
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
};

// The findings that a command does not fail for. A file of its own, usually scenarios/baselines/:
//
//   faultline: 1
//   summary: ...
//   findings:
//     - {kind: crash, signature: "...", note: "...", reference: "..."}
//
// Texts are taken as they are: a signature may hold ${run_dir}, and that is no variable.
struct Baseline {
  std::string summary;
  std::vector<BaselineEntry> entries;  // signatures are unique

  const BaselineEntry* Find(const std::string& signature) const;  // nullptr when it is not known
};

Baseline LoadBaseline(const std::filesystem::path& file, Diagnostics& diagnostics);
// The same; throws Failure (kBadInput) with everything that is wrong.
Baseline LoadBaseline(const std::filesystem::path& file);

}  // namespace faultline
