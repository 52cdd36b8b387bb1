#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/symbols/call_site.h"
#include "harness/symbols/return_type.h"
#include "harness/symbols/symbol.h"

namespace faultline {

// One ELF file as libdwfl sees it, loaded at bias 0, with its debug info where there is one. Opened
// at the first look-up. Not thread-safe.
class DebugModule {
 public:
  explicit DebugModule(std::string path) : path_(std::move(path)) {}

  // The code at `pc` (relative to the load bias): what was inlined there first, the function that
  // has the code last. Never empty: what is not known stays unset in the one frame. Frame::offset
  // is `pc`.
  Stack Lookup(uint64_t pc);

  // The symbol that holds `address` (relative to the load bias).
  Symbol SymbolOf(uint64_t address);

  // The function that has the code at `pc` (relative to the load bias), by the symbol table alone.
  // "" when not known.
  std::string FunctionAt(uint64_t pc);

  // The call that returns to `pc` (relative to the load bias).
  CallSite CallSiteAt(uint64_t pc);

  // Of the functions that have the code at `pc` (relative to the load bias), in Lookup's order.
  // Empty without debug info.
  std::vector<ReturnType> ReturnTypesAt(uint64_t pc);

 private:
  struct EndDwfl {
    void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
  };

  void OpenOnce();
  Dwarf_Die* FindUnit(uint64_t pc, Dwarf_Addr* bias);
  bool LookupDebugInfo(uint64_t pc, Stack& stack);
  std::span<const uint8_t> CodeOf(uint64_t address, uint64_t size);
  std::string FileOfLocal(std::string_view name, uint64_t address);

  std::string path_;
  bool opened_ = false;
  std::unique_ptr<Dwfl, EndDwfl> dwfl_;
  Dwfl_Module* module_ = nullptr;  // nullptr: the file cannot be read; owned by dwfl_
};

}  // namespace faultline
