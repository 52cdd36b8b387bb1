#include "harness/planner/inlined.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <cstdlib>
#include <memory>

#include "harness/symbols/function_name.h"

namespace faultline {
namespace {

struct Search {
  const std::set<std::string>& names;
  std::map<std::string, std::set<std::string>> found;
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

bool HasCode(Dwarf_Die* die) {
  return dwarf_hasattr(die, DW_AT_low_pc) != 0 || dwarf_hasattr(die, DW_AT_ranges) != 0;
}

// Adds the function with code of its own in which `instance` lies, however deep.
int VisitInstance(Dwarf_Die* instance, void* argument) {
  auto& into = *static_cast<std::set<std::string>*>(argument);
  Dwarf_Die* scopes = nullptr;
  const int count = dwarf_getscopes_die(instance, &scopes);
  const std::unique_ptr<Dwarf_Die, decltype(&free)> owner(scopes, &free);
  for (int i = 0; i < count; ++i) {
    if (dwarf_tag(&scopes[i]) != DW_TAG_subprogram || !HasCode(&scopes[i])) {
      continue;
    }
    Dwarf_Attribute attribute;
    const char* linkage =
        dwarf_formstring(dwarf_attr_integrate(&scopes[i], DW_AT_linkage_name, &attribute));
    const std::string bare = linkage == nullptr ? "" : BareCxxName(linkage);
    const char* name = dwarf_diename(&scopes[i]);
    if (!bare.empty() || name != nullptr) {
      into.insert(bare.empty() ? name : bare);
    }
    break;
  }
  return DWARF_CB_OK;
}

int VisitFunction(Dwarf_Die* function, void* argument) {
  auto* search = static_cast<Search*>(argument);
  std::string name;
  if (dwarf_func_inline(function) != 0 && !(name = WantedName(function, search->names)).empty()) {
    std::set<std::string> into;
    dwarf_func_inline_instances(function, &VisitInstance, &into);
    if (!into.empty()) {
      search->found[name].merge(into);
    }
  }
  return DWARF_CB_OK;
}

}  // namespace

std::map<std::string, std::set<std::string>> InlinedFunctions(const ElfImage& image,
                                                              const std::set<std::string>& names) {
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
