#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/planner/module_record.h"

namespace faultline {

// Everything that is remembered of a program: each record answers all names of `asked`.
struct RecordSet {
  SymbolQuery asked;
  std::vector<ModuleRecord> modules;
};

// The body of a cache file (see cache_file.h).
std::string EncodeRecords(const RecordSet& records);

// nullopt when `bytes` end too early or too late.
std::optional<RecordSet> DecodeRecords(std::string_view bytes);

}  // namespace faultline
