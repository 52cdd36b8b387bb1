#pragma once

#include <memory>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/symbols/call_site.h"
#include "harness/symbols/return_type.h"
#include "harness/symbols/symbol.h"

namespace faultline {

// Turns module + offset into function, file and line with libdw (debug info in the file, beside it,
// or below /usr/lib/debug by build-id). Each module is opened once in a process; one object goes on
// reading the files that were there when it first asked for them. Not thread-safe; one per thread.
class Symbolizer {
 public:
  Symbolizer();
  ~Symbolizer();
  Symbolizer(Symbolizer&&) noexcept;
  Symbolizer& operator=(Symbolizer&&) noexcept;

  // `offset` is relative to the load bias. `is_return_address`: the line of the call, not of what
  // follows it. Inlined frames come first, so one address may give several frames.
  Stack Symbolize(const std::string& module_path, uint64_t offset, bool is_return_address);
  // The function or variable that holds `offset`.
  Symbol SymbolOf(const std::string& module_path, uint64_t offset);
  // The function that the call that returns to `return_offset` is in, whatever was inlined there.
  // Reads no debug info, and so costs a fraction of Symbolize. "" when not known.
  std::string FunctionOf(const std::string& module_path, uint64_t return_offset);
  // What the code says of the call that returns to `return_offset`.
  CallSite CallSiteOf(const std::string& module_path, uint64_t return_offset);
  // What each of the frames returns that Symbolize has for `return_offset`, a return address:
  // inlined ones first, last the one function that has a return to be seen. Empty without debug
  // info.
  std::vector<ReturnType> ReturnTypesOf(const std::string& module_path, uint64_t return_offset);
  // All frames of a journal stack; frames outside every module become "??".
  Stack Symbolize(const JournalSnapshot& journal, const JournalStack& stack);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace faultline
