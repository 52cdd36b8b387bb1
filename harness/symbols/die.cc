#include "harness/symbols/die.h"

#include <dwarf.h>

#include "harness/symbols/function_name.h"

namespace faultline {
namespace {

bool IsCxx(Dwarf_Die* die) {
  Dwarf_Die unit;
  if (dwarf_diecu(die, &unit, nullptr, nullptr) == nullptr) {
    return false;
  }
  const int language = dwarf_srclang(&unit);
  return language == DW_LANG_C_plus_plus || language == DW_LANG_C_plus_plus_11 ||
         language == DW_LANG_C_plus_plus_14 || language == DW_LANG_C_plus_plus_03 ||
         language == 0x2b;  // of C++20; older headers do not name it
}

// "ns::Class::" for a function that has no mangled name, as those of anonymous namespaces. "" for
// one of C, whose unit need not be searched.
std::string ScopeOf(Dwarf_Die* function) {
  if (!IsCxx(function)) {
    return "";
  }
  Dwarf_Attribute attribute;
  Dwarf_Die declared = *function;
  for (const unsigned int origin : {DW_AT_abstract_origin, DW_AT_specification}) {
    Dwarf_Die die;
    if (dwarf_attr(&declared, origin, &attribute) != nullptr &&
        dwarf_formref_die(&attribute, &die) != nullptr) {
      declared = die;
    }
  }
  Scopes scopes;
  scopes.count = dwarf_getscopes_die(&declared, &scopes.dies);
  std::string text;
  for (Dwarf_Die& scope : scopes.all().subspan(scopes.count > 0 ? 1 : 0)) {
    const int tag = dwarf_tag(&scope);
    const char* name = dwarf_diename(&scope);
    if (tag == DW_TAG_namespace) {
      text = (name != nullptr ? std::string(name) : "(anonymous namespace)") + "::" + text;
    } else if ((tag == DW_TAG_class_type || tag == DW_TAG_structure_type) && name != nullptr) {
      text = std::string(name) + "::" + text;
    }
  }
  return text;
}

// Does the unit of `die` tell of types at all? With -g1 it does not, and every function would seem
// to return nothing. dwz moves what several units have in common to one that they import.
bool TellsTypes(Dwarf_Die* die) {
  Dwarf_Die unit;
  Dwarf_Die child;
  if (dwarf_diecu(die, &unit, nullptr, nullptr) == nullptr || dwarf_child(&unit, &child) != 0) {
    return false;
  }
  do {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_base_type || tag == DW_TAG_imported_unit) {
      return true;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
  return false;
}

}  // namespace

std::string ReadableName(std::string_view name) {
  const std::string_view base = SplitFunctionName(name).base;
  const std::string demangled = BareCxxName(base);
  return demangled.empty() ? std::string(base) : demangled;
}

std::string NameOf(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  for (const unsigned int name : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
    if (dwarf_attr_integrate(die, name, &attribute) != nullptr) {
      if (const char* text = dwarf_formstring(&attribute)) {
        return ReadableName(text);
      }
    }
  }
  const char* name = dwarf_diename(die);
  return name != nullptr ? ScopeOf(die) + name : "";
}

void SetCallPlace(Dwarf_Die* unit, Dwarf_Die* inlined, Frame& outer) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &value) == 0) {
    outer.line = static_cast<int>(value);
  }
  Dwarf_Files* files = nullptr;
  size_t count = 0;
  if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &value) == 0 &&
      dwarf_getsrcfiles(unit, &files, &count) == 0 && value < count) {
    if (const char* file = dwarf_filesrc(files, value, nullptr, nullptr)) {
      outer.file = file;
    }
  }
}

ReturnType ReturnTypeOf(Dwarf_Die* function) {
  using Kind = ReturnType::Kind;
  Dwarf_Attribute attribute;
  // With link-time optimisation types are told where the function was declared.
  Dwarf_Die origin;
  const bool has_origin = dwarf_attr(function, DW_AT_abstract_origin, &attribute) != nullptr &&
                          dwarf_formref_die(&attribute, &origin) != nullptr;
  if (!TellsTypes(has_origin ? &origin : function)) {
    return {};
  }
  Dwarf_Die declared;
  Dwarf_Die type;
  if (dwarf_attr_integrate(function, DW_AT_type, &attribute) == nullptr) {
    return {Kind::kNothing};
  }
  if (dwarf_formref_die(&attribute, &declared) == nullptr ||
      dwarf_peel_type(&declared, &type) != 0) {
    return {};
  }
  const int tag = dwarf_tag(&type);
  if (tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type) {
    return {Kind::kPointer};
  }
  Dwarf_Word encoding = 0;
  if (tag != DW_TAG_base_type ||
      dwarf_formudata(dwarf_attr(&type, DW_AT_encoding, &attribute), &encoding) != 0) {
    return {};
  }
  const int bytes = dwarf_bytesize(&type);
  switch (encoding) {
    case DW_ATE_boolean:
      return {Kind::kBool, bytes};
    case DW_ATE_signed:
    case DW_ATE_signed_char:
      return {Kind::kSigned, bytes};
    case DW_ATE_unsigned:
    case DW_ATE_unsigned_char:
      return {Kind::kUnsigned, bytes};
    default:
      return {};
  }
}

}  // namespace faultline
