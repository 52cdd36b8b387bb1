#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/evidence/journal_reader.h"

namespace faultline {

// Where a variable lies in the files of a run: equal in every run of the same program.
struct StaticPlace {
  std::string module;   // path
  uint64_t offset = 0;  // relative to its load bias

  friend bool operator==(const StaticPlace&, const StaticPlace&) = default;
};

// nullopt for an address outside every module: on a heap, say.
std::optional<StaticPlace> FindStaticPlace(const JournalSnapshot& journal, uint64_t address);

}  // namespace faultline
