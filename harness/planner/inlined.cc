#include "harness/planner/inlined.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <memory>

#include "harness/symbols/function_name.h"

namespace faultline {
namespace {

struct Search {
  const std::set<std::string>& names;
  std::set<std::string> found;
};

// The name under which the catalogue may know the function, "" when it does not.
std::string WantedName(Dwarf_Die* function, const std::set<std::string>& names) {
  Dwarf_Attribute attribute;
  const char* linkage =
      dwarf_formstring(dwarf_attr_integrate(function, DW_AT_linkage_name, &attribute));
  if (linkage != nullptr) {
    for (const std::string& name : {std::string(linkage), BareCxxName(linkage)}) {
      if (names.contains(name)) {
        return name;
      }
    }
    return "";
  }
  const char* name = dwarf_diename(function);
  return name != nullptr && names.contains(name) ? name : "";
}

int VisitFunction(Dwarf_Die* function, void* argument) {
  auto* search = static_cast<Search*>(argument);
  std::string name;
  if (dwarf_func_inline(function) != 0 && !(name = WantedName(function, search->names)).empty()) {
    bool instance = false;
    dwarf_func_inline_instances(
        function,
        [](Dwarf_Die*, void* seen) -> int {
          *static_cast<bool*>(seen) = true;
          return DWARF_CB_ABORT;
        },
        &instance);
    if (instance) {
      search->found.insert(name);
    }
  }
  return DWARF_CB_OK;
}

}  // namespace

std::set<std::string> InlinedFunctions(const ElfImage& image, const std::set<std::string>& names) {
  Search search{names, {}};
  std::unique_ptr<Dwarf, decltype(&dwarf_end)> dwarf(
      dwarf_begin_elf(image.debug_handle(), DWARF_C_READ, nullptr), &dwarf_end);
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  while (dwarf && !names.empty() &&
         dwarf_get_units(dwarf.get(), unit, &unit, nullptr, nullptr, &die, nullptr) == 0) {
    dwarf_getfuncs(&die, &VisitFunction, &search, 0);
  }
  return search.found;
}

}  // namespace faultline
