#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "harness/symbols/debug_module.h"

namespace faultline {

// A module's debug info and what it answered, kept for the life of the process: to open Debian's
// compressed debug files takes more CPU time than all else of a run, and a sweep names the stacks
// of thousands of runs. Thread-safe.
class SharedModule {
 public:
  // The one for the file that is at `path` now; a file that has changed since is opened anew.
  static std::shared_ptr<SharedModule> Of(const std::string& path);

  explicit SharedModule(const std::string& path) : debug_(path) {}

  // See Symbolizer::Symbolize.
  Stack Lookup(uint64_t offset, bool is_return_address);
  // See Symbolizer::SymbolOf.
  Symbol SymbolOf(uint64_t offset);
  // See Symbolizer::FunctionOf.
  std::string FunctionOf(uint64_t return_offset);
  // See Symbolizer::CallSiteOf.
  CallSite CallSiteOf(uint64_t return_offset);
  // See Symbolizer::ReturnTypesOf.
  std::vector<ReturnType> ReturnTypesOf(uint64_t return_offset);

 private:
  std::mutex mutex_;
  DebugModule debug_;
  std::map<std::pair<uint64_t, bool>, Stack> results_;
  std::map<uint64_t, std::string> functions_;
  std::map<uint64_t, std::vector<ReturnType>> return_types_;
};

}  // namespace faultline
