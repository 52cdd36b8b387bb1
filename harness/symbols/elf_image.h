#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/symbols/debug_file.h"
#include "harness/symbols/elf_file.h"

namespace faultline {

// Half-open; addresses are those of the file, relative to the load bias.
struct AddressRange {
  uint64_t begin = 0;
  uint64_t end = 0;

  bool Contains(uint64_t address) const { return address >= begin && address < end; }
  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

struct FunctionSymbol {
  std::string_view name;  // as in the file, with version and suffixes (see function_name.h)
  uint64_t address = 0;
  uint64_t size = 0;      // bytes; up to the next function when the file says 0
  bool indirect = false;  // STT_GNU_IFUNC: the code is a resolver, not the function
};

struct TlsSymbol {
  std::string_view name;
  uint64_t offset = 0;  // in the module's TLS block
};

// What hooking needs to know of one executable or shared object: its functions (of .symtab,
// .dynsym, a separate debug file of the same build-id, or .gnu_debugdata) and its code. Move-only;
// names and bytes live as long as it does. Not thread-safe.
class ElfImage {
 public:
  // Throws Failure as ElfFile::Open does. `debug_root` is where separate debug files are looked
  // for.
  static ElfImage Open(const std::filesystem::path& path,
                       const std::filesystem::path& debug_root = "/usr/lib/debug");

  const std::filesystem::path& path() const { return file_.path(); }
  const protocol::BuildId& build_id() const { return file_.build_id(); }
  const ElfFile& file() const { return file_; }
  uint64_t tls_size() const { return tls_size_; }  // p_memsz of PT_TLS, or 0

  // Sorted by address, then name; several names of one address are all there.
  const std::vector<FunctionSymbol>& functions() const { return functions_; }
  const std::vector<TlsSymbol>& tls_symbols() const { return tls_symbols_; }
  // Executable sections (segments, where the section headers are gone), sorted.
  const std::vector<AddressRange>& code_ranges() const { return code_ranges_; }

  // The file's bytes that are loaded at `range`, cut where the file ends.
  std::span<const uint8_t> Bytes(AddressRange range) const;
  // Start of the first function behind `address`, or the end of the code range it lies in.
  uint64_t NextEntry(uint64_t address) const;

  bool has_symtab() const { return has_symtab_; }  // the file itself has a full symbol table
  // True when static functions are known too: the file, its debug file or its mini debug info has a
  // full symbol table.
  bool has_full_symbols() const { return has_full_symbols_; }
  std::string debug_link() const { return DebugLink(file_); }
  // The file that has its debug info: the separate one when there is one. Owned by this object.
  Elf* debug_handle() const { return debug_file_ ? debug_file_->handle() : file_.handle(); }
  const std::vector<std::string>& notes() const { return notes_; }  // debug files not used, and why

 private:
  struct Segment {
    AddressRange addresses;
    uint64_t offset = 0;
    bool executable = false;
  };
  struct EndDwfl {
    void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
  };
  explicit ElfImage(ElfFile file) : file_(std::move(file)) {}
  void ReadSegments();
  void ReadCodeRanges();
  bool ReadSymbols(Elf* elf);  // true when it has a .symtab
  bool ReadMiniDebugInfo();    // true when there was one
  void AddSymbol(const char* name, const Elf64_Sym& symbol);
  void FinishFunctions();

  ElfFile file_;
  std::optional<ElfFile> debug_file_;
  std::unique_ptr<Dwfl, EndDwfl> mini_debug_info_;  // owns the names that came from it
  std::vector<Segment> segments_;
  std::vector<AddressRange> code_ranges_;
  std::vector<FunctionSymbol> functions_;
  std::vector<TlsSymbol> tls_symbols_;
  std::vector<std::string> notes_;
  uint64_t tls_size_ = 0;
  bool has_symtab_ = false;
  bool has_full_symbols_ = false;
};

}  // namespace faultline
