#include "harness/symbols/elf_image.h"

#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

namespace faultline {

ElfImage ElfImage::Open(const std::filesystem::path& path,
                        const std::filesystem::path& debug_root) {
  ElfImage image(ElfFile::Open(path));
  image.ReadSegments();
  image.ReadCodeRanges();
  image.has_symtab_ = image.ReadSymbols(image.file_.handle());
  image.has_full_symbols_ = image.has_symtab_;
  if (!image.has_full_symbols_) {
    DebugFile debug = FindDebugFile(image.file_, debug_root);
    image.notes_ = std::move(debug.notes);
    image.debug_file_ = std::move(debug.file);
    image.has_full_symbols_ =
        image.debug_file_ ? image.ReadSymbols(image.debug_file_->handle()) : false;
  }
  if (!image.has_full_symbols_) {
    image.has_full_symbols_ = image.ReadMiniDebugInfo();
  }
  image.FinishFunctions();
  return image;
}

void ElfImage::ReadSegments() {
  size_t count = 0;
  elf_getphdrnum(file_.handle(), &count);
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(file_.handle(), static_cast<int>(i), &header) == nullptr) {
      continue;
    }
    // In the bounds of the file, whatever the header says.
    uint64_t offset = std::min<uint64_t>(header.p_offset, file_.bytes().size());
    uint64_t size = std::min<uint64_t>(header.p_filesz, file_.bytes().size() - offset);
    if (header.p_type == PT_LOAD && header.p_vaddr + size >= header.p_vaddr) {
      segments_.push_back(
          {{header.p_vaddr, header.p_vaddr + size}, offset, (header.p_flags & PF_X) != 0});
    } else if (header.p_type == PT_TLS) {
      tls_size_ = header.p_memsz;
    }
  }
}

void ElfImage::ReadCodeRanges() {
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(file_.handle(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != nullptr && (header.sh_flags & SHF_EXECINSTR) != 0 &&
        header.sh_type == SHT_PROGBITS && header.sh_addr + header.sh_size > header.sh_addr) {
      code_ranges_.push_back({header.sh_addr, header.sh_addr + header.sh_size});
    }
  }
  if (code_ranges_.empty()) {
    for (const Segment& segment : segments_) {
      if (segment.executable) {
        code_ranges_.push_back(segment.addresses);
      }
    }
  }
  std::sort(code_ranges_.begin(), code_ranges_.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; });
}

bool ElfImage::ReadSymbols(Elf* elf) {
  bool full = false;
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_entsize != sizeof(Elf64_Sym) ||
        (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)) {
      continue;
    }
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) {
      continue;  // SHT_NOBITS, as the .dynsym of a debug file
    }
    full |= header.sh_type == SHT_SYMTAB;
    size_t count = data->d_size / sizeof(Elf64_Sym);
    functions_.reserve(functions_.size() + count);
    for (size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(i), &symbol) != nullptr) {
        AddSymbol(elf_strptr(elf, header.sh_link, symbol.st_name), symbol);
      }
    }
  }
  return full;
}

bool ElfImage::ReadMiniDebugInfo() {
  // .gnu_debugdata is an xz-compressed ELF file; libdwfl unpacks it, when nothing better is
  // offered.
  static const Dwfl_Callbacks callbacks = {
      .find_elf = dwfl_build_id_find_elf,
      .find_debuginfo = [](Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*,
                           GElf_Word, char**) { return -1; },
      .section_address = dwfl_offline_section_address,
      .debuginfo_path = nullptr};
  size_t strings = 0;
  Elf_Scn* section = nullptr;
  bool present = elf_getshdrstrndx(file_.handle(), &strings) == 0;
  bool found = false;
  while (present && !found && (section = elf_nextscn(file_.handle(), section)) != nullptr) {
    GElf_Shdr header;
    const char* name = gelf_getshdr(section, &header) == nullptr
                           ? nullptr
                           : elf_strptr(file_.handle(), strings, header.sh_name);
    found = name != nullptr && std::string_view(name) == ".gnu_debugdata";
  }
  if (!found) {
    return false;
  }
  mini_debug_info_.reset(dwfl_begin(&callbacks));
  Dwfl_Module* module = dwfl_report_offline(mini_debug_info_.get(), "", path().c_str(), -1);
  dwfl_report_end(mini_debug_info_.get(), nullptr, nullptr);
  GElf_Addr bias = 0;
  if (module == nullptr || dwfl_module_getelf(module, &bias) == nullptr) {
    notes_.push_back("its mini debug info is not used: " + std::string(dwfl_errmsg(-1)));
    return false;
  }
  int count = dwfl_module_getsymtab(module);
  for (int i = 0; i < count; ++i) {
    GElf_Sym symbol;
    GElf_Addr address = 0;
    const char* name =
        dwfl_module_getsym_info(module, i, &symbol, &address, nullptr, nullptr, nullptr);
    if (name != nullptr && GELF_ST_TYPE(symbol.st_info) != STT_TLS) {
      symbol.st_value = address - bias;
      AddSymbol(name, symbol);
    }
  }
  return count > 0;
}

void ElfImage::AddSymbol(const char* name, const Elf64_Sym& symbol) {
  if (name == nullptr || *name == '\0' || symbol.st_shndx == SHN_UNDEF ||
      symbol.st_shndx == SHN_ABS) {
    return;
  }
  int type = GELF_ST_TYPE(symbol.st_info);
  // Assembly without .type: a global label in code is an entry, a local one may be a loop's.
  bool label = type == STT_NOTYPE && GELF_ST_BIND(symbol.st_info) != STB_LOCAL;
  if (type == STT_TLS) {
    tls_symbols_.push_back({name, symbol.st_value});
  } else if (type == STT_FUNC || type == STT_GNU_IFUNC || label) {
    bool in_code = std::any_of(code_ranges_.begin(), code_ranges_.end(),
                               [&](const auto& range) { return range.Contains(symbol.st_value); });
    if (in_code) {
      functions_.push_back({name, symbol.st_value, symbol.st_size, type == STT_GNU_IFUNC});
    }
  }
}

void ElfImage::FinishFunctions() {
  auto key = [](const FunctionSymbol& f) { return std::tie(f.address, f.name); };
  std::sort(functions_.begin(), functions_.end(),
            [&](const FunctionSymbol& a, const FunctionSymbol& b) { return key(a) < key(b); });
  functions_.erase(std::unique(functions_.begin(), functions_.end(),
                               [&](const FunctionSymbol& a, const FunctionSymbol& b) {
                                 return key(a) == key(b);
                               }),
                   functions_.end());
  for (FunctionSymbol& function : functions_) {
    if (function.size == 0) {
      function.size = NextEntry(function.address) - function.address;
    }
  }
}

std::span<const uint8_t> ElfImage::Bytes(AddressRange range) const {
  for (const Segment& segment : segments_) {
    if (segment.addresses.Contains(range.begin) && range.end > range.begin) {
      uint64_t size = std::min(range.end, segment.addresses.end) - range.begin;
      const std::byte* begin =
          file_.bytes().data() + segment.offset + (range.begin - segment.addresses.begin);
      return {reinterpret_cast<const uint8_t*>(begin), size};
    }
  }
  return {};
}

uint64_t ElfImage::NextEntry(uint64_t address) const {
  auto next = std::upper_bound(
      functions_.begin(), functions_.end(), address,
      [](uint64_t value, const FunctionSymbol& function) { return value < function.address; });
  uint64_t entry = next == functions_.end() ? UINT64_MAX : next->address;
  for (const AddressRange& range : code_ranges_) {
    if (range.Contains(address)) {
      return std::min(entry, range.end);
    }
  }
  return entry == UINT64_MAX ? address : entry;
}

}  // namespace faultline
