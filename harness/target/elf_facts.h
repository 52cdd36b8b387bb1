#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultline {

// What the dynamic section and the symbol tables of an ELF file say.
struct ElfFacts {
  bool is_elf = false;
  bool has_symtab = false;            // .symtab: not stripped
  bool names_symbol = false;          // in .symtab or .dynsym, defined or wanted
  std::vector<std::string> needed;    // DT_NEEDED
  std::vector<std::string> run_path;  // DT_RPATH and DT_RUNPATH, $ORIGIN replaced
};

// `symbol` is looked for without its version. Never throws for a broken file: what cannot be read
// is absent.
ElfFacts ReadElfFacts(const std::filesystem::path& file, std::string_view symbol);

// Where the function begins, from where the file's first segment is mapped; nothing when the file
// defines none of that name. Read once as long as the file does not change.
std::optional<uint64_t> FunctionOffset(const std::filesystem::path& file,
                                       const std::string& function);

// Where the file has the addresses of `function` that the dynamic loader fills in for its calls
// (R_X86_64_JUMP_SLOT and R_X86_64_GLOB_DAT), from where the file's first segment is mapped. Never
// throws for a broken file.
std::vector<uint64_t> ImportSlots(const std::filesystem::path& file, std::string_view function);

// True when the file's bytes contain each of `texts`.
bool FileContains(const std::filesystem::path& file, const std::vector<std::string_view>& texts);

}  // namespace faultline
