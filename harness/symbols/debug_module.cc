#include "harness/symbols/debug_module.h"

#include <dwarf.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <cstring>
#include <exception>
#include <filesystem>
#include <span>
#include <utility>

#include "harness/base/failure.h"
#include "harness/symbols/debug_file.h"
#include "harness/symbols/die.h"
#include "harness/symbols/function_name.h"

namespace faultline {
namespace {

// libdwfl's find_debuginfo callback, see libdwfl.h. Unlike its standard one this asks no debuginfod
// server: telling what happened in a run must not wait for a network.
int FindDebugInfo(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char* file_name,
                  const char* /*debuglink_file*/, GElf_Word /*debuglink_crc*/,
                  char** debuginfo_file_name) {
  if (file_name == nullptr) {
    return -1;
  }
  try {
    const DebugFile found = FindDebugFile(ElfFile::Open(std::filesystem::canonical(file_name)));
    if (!found.file) {
      return -1;
    }
    const char* path = found.file->path().c_str();
    *debuginfo_file_name = strdup(path);  // libdwfl frees it
    return open(path, O_RDONLY | O_CLOEXEC);
  } catch (const std::exception&) {
    return -1;  // not through libdwfl's C frames; the file is then told by its symbol table
  }
}

const Dwfl_Callbacks kCallbacks = {
    .find_elf = nullptr,  // every file is reported by its path
    .find_debuginfo = FindDebugInfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = nullptr,
};

std::string BaseName(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

// Is `file`, the name of an STT_FILE entry, that of a source? Link-time optimisation has one file
// of its own or none for all of them, and behind crtstuff.c, which comes last, gold puts what a
// version script makes local.
bool IsSourceFile(std::string_view file) {
  return !file.empty() && !file.starts_with('<') && !file.ends_with(".o") && file != "crtstuff.c";
}

}  // namespace

void DebugModule::OpenOnce() {
  if (std::exchange(opened_, true)) {
    return;
  }
  dwfl_.reset(dwfl_begin(&kCallbacks));
  if (dwfl_ == nullptr) {
    return;
  }
  dwfl_report_begin(dwfl_.get());
  module_ = dwfl_report_elf(dwfl_.get(), path_.c_str(), path_.c_str(), -1, 0, true);
  dwfl_report_end(dwfl_.get(), nullptr, nullptr);
}

// The compilation unit that covers `pc`. clang writes no .debug_aranges, so its units must be asked
// one by one.
Dwarf_Die* DebugModule::FindUnit(uint64_t pc, Dwarf_Addr* bias) {
  if (Dwarf_Die* unit = dwfl_module_addrdie(module_, pc, bias)) {
    return unit;
  }
  for (Dwarf_Die* unit = dwfl_module_nextcu(module_, nullptr, bias); unit != nullptr;
       unit = dwfl_module_nextcu(module_, unit, bias)) {
    if (dwarf_haspc(unit, pc - *bias) > 0) {
      return unit;
    }
  }
  return nullptr;
}

bool DebugModule::LookupDebugInfo(uint64_t pc, Stack& stack) {
  Dwarf_Addr bias = 0;
  Dwarf_Die* unit = FindUnit(pc, &bias);
  if (unit == nullptr) {
    return false;
  }
  Scopes at_pc;
  at_pc.count = dwarf_getscopes(unit, pc - bias, &at_pc.dies);
  if (at_pc.count <= 0) {
    return false;
  }
  // From the innermost scope outwards by nesting: past an inlined function, dwarf_getscopes goes on
  // where it was defined instead of where it was called.
  Scopes nested;
  nested.count = dwarf_getscopes_die(&at_pc.dies[0], &nested.dies);

  Frame frame;
  if (Dwarf_Line* line = dwarf_getsrc_die(unit, pc - bias)) {
    dwarf_lineno(line, &frame.line);
    if (const char* file = dwarf_linesrc(line, nullptr, nullptr)) {
      frame.file = file;
    }
  }
  for (Dwarf_Die& scope : nested.all()) {
    const int tag = dwarf_tag(&scope);
    if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) {
      continue;
    }
    frame.function = NameOf(&scope);
    frame.ends_process =
        tag == DW_TAG_inlined_subroutine && dwarf_hasattr_integrate(&scope, DW_AT_noreturn) != 0;
    stack.push_back(frame);
    if (tag == DW_TAG_subprogram) {
      return true;
    }
    SetCallPlace(unit, &scope, frame);
  }
  return false;  // no function around it: the symbol table knows better
}

// Of the local symbol `name` at `address`, which stands in the table behind the file it is from.
std::string DebugModule::FileOfLocal(std::string_view name, uint64_t address) {
  std::string_view file;
  const int end = dwfl_module_getsymtab_first_global(module_);
  for (int i = 1; i < end; ++i) {
    GElf_Sym symbol;
    GElf_Addr at = 0;
    const char* entry =
        dwfl_module_getsym_info(module_, i, &symbol, &at, nullptr, nullptr, nullptr);
    if (entry == nullptr) {
      continue;
    }
    if (GELF_ST_TYPE(symbol.st_info) == STT_FILE) {
      file = entry;
    } else if (at == address && name == entry) {
      return IsSourceFile(file) ? BaseName(std::string(file)) : "";
    }
  }
  return "";
}

Symbol DebugModule::SymbolOf(uint64_t address) {
  OpenOnce();
  GElf_Sym entry;
  GElf_Off offset = 0;
  const char* name = module_ == nullptr ? nullptr
                                        : dwfl_module_addrinfo(module_, address, &offset, &entry,
                                                               nullptr, nullptr, nullptr);
  if (name == nullptr) {
    return {};
  }
  Symbol symbol;
  symbol.name = ReadableName(name);
  if (offset != 0) {
    symbol.name += fmt::format("+{:#x}", offset);
  }
  // What is hidden was global once: the linker made it local.
  if (GELF_ST_BIND(entry.st_info) == STB_LOCAL &&
      GELF_ST_VISIBILITY(entry.st_other) == STV_DEFAULT) {
    symbol.file = FileOfLocal(name, address - offset);
  }
  return symbol;
}

// The bytes at `address` in the file; empty when it does not hold them all.
std::span<const uint8_t> DebugModule::CodeOf(uint64_t address, uint64_t size) {
  GElf_Addr bias = 0;
  Elf* elf = dwfl_module_getelf(module_, &bias);
  size_t file_size = 0;
  const char* file = elf == nullptr ? nullptr : elf_rawfile(elf, &file_size);
  size_t count = 0;
  if (file == nullptr || elf_getphdrnum(elf, &count) != 0) {
    return {};
  }
  const uint64_t at = address - bias;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf, static_cast<int>(i), &segment) != nullptr && segment.p_type == PT_LOAD &&
        at >= segment.p_vaddr && at + size <= segment.p_vaddr + segment.p_filesz) {
      const uint64_t offset = segment.p_offset + (at - segment.p_vaddr);
      if (offset + size <= file_size) {
        return {reinterpret_cast<const uint8_t*>(file) + offset, size};
      }
    }
  }
  return {};
}

CallSite DebugModule::CallSiteAt(uint64_t pc) {
  OpenOnce();
  GElf_Sym function;
  GElf_Off offset = 0;
  if (pc == 0 || module_ == nullptr ||
      dwfl_module_addrinfo(module_, pc - 1, &offset, &function, nullptr, nullptr, nullptr) ==
          nullptr ||
      offset >= function.st_size) {
    return {};
  }
  return ReadCallSite(CodeOf(pc - 1 - offset, function.st_size), offset + 1);
}

std::vector<ReturnType> DebugModule::ReturnTypesAt(uint64_t pc) {
  OpenOnce();
  Dwarf_Addr bias = 0;
  Dwarf_Die* unit = module_ == nullptr ? nullptr : FindUnit(pc, &bias);
  if (unit == nullptr) {
    return {};
  }
  Scopes at_pc;
  at_pc.count = dwarf_getscopes(unit, pc - bias, &at_pc.dies);
  if (at_pc.count <= 0) {
    return {};
  }
  Scopes nested;  // see LookupDebugInfo
  nested.count = dwarf_getscopes_die(&at_pc.dies[0], &nested.dies);
  std::vector<ReturnType> types;
  for (Dwarf_Die& scope : nested.all()) {
    const int tag = dwarf_tag(&scope);
    if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) {
      continue;
    }
    types.push_back(ReturnTypeOf(&scope));
    if (tag == DW_TAG_subprogram) {
      // Of a copy that the compiler made (.isra) the result may be left out, when nobody asks for
      // it.
      const char* name = dwfl_module_addrname(module_, pc);
      if (name != nullptr && SplitFunctionName(name).part == FunctionName::Part::kVariant) {
        types.back() = {};
      }
      return types;
    }
  }
  return {};
}

std::string DebugModule::FunctionAt(uint64_t pc) {
  OpenOnce();
  const char* name = module_ == nullptr ? nullptr : dwfl_module_addrname(module_, pc);
  return name == nullptr ? "" : ReadableName(name);
}

Stack DebugModule::Lookup(uint64_t pc) {
  OpenOnce();
  Stack stack;
  if (module_ != nullptr && !LookupDebugInfo(pc, stack)) {
    stack.clear();
    stack.emplace_back().function = FunctionAt(pc);
  }
  if (stack.empty()) {
    stack.emplace_back();
  }
  for (Frame& frame : stack) {
    frame.module = BaseName(path_);
    frame.offset = pc;
  }
  return stack;
}

}  // namespace faultline
