#include "harness/target/elf_facts.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <tuple>

#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

struct ElfCloser {
  void operator()(Elf* elf) const { elf_end(elf); }
};

std::string_view ElfString(Elf* elf, size_t section, size_t offset) {
  const char* text = elf_strptr(elf, section, offset);
  return text != nullptr ? text : "";
}

// Without its version.
std::string_view NameOf(Elf* elf, const GElf_Shdr& table, const GElf_Sym& symbol) {
  const std::string_view name = ElfString(elf, table.sh_link, symbol.st_name);
  return name.substr(0, name.find('@'));
}

// False when no symbol of the table has that name. Most tables' strings do not hold it, and to
// search them costs a fraction of what it costs to read every symbol.
bool MayName(Elf* elf, const GElf_Shdr& table, std::string_view symbol) {
  Elf_Data* names = elf_getdata(elf_getscn(elf, table.sh_link), nullptr);
  return names == nullptr ||
         memmem(names->d_buf, names->d_size, symbol.data(), symbol.size()) != nullptr;
}

bool TableNames(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, std::string_view symbol) {
  if (!MayName(elf, header, symbol)) {
    return false;
  }
  Elf_Data* data = elf_getdata(section, nullptr);
  const size_t count =
      data != nullptr && header.sh_entsize != 0 ? data->d_size / header.sh_entsize : 0;
  for (size_t i = 0; i < count; ++i) {
    GElf_Sym entry;
    if (gelf_getsym(data, static_cast<int>(i), &entry) == nullptr) {
      return false;
    }
    if (NameOf(elf, header, entry) == symbol) {
      return true;
    }
  }
  return false;
}

// "A:B" with $ORIGIN as the file's own directory.
void AddRunPath(std::string_view value, const std::filesystem::path& file, ElfFacts& facts) {
  std::istringstream parts{std::string(value)};
  for (std::string part; std::getline(parts, part, ':');) {
    for (const std::string_view origin : {"${ORIGIN}", "$ORIGIN"}) {
      const size_t at = part.find(origin);
      if (at != std::string::npos) {
        part.replace(at, origin.size(), file.parent_path().native());
      }
    }
    facts.run_path.push_back(part);
  }
}

void ReadDynamic(Elf* elf, Elf_Scn* section, const GElf_Shdr& header,
                 const std::filesystem::path& file, ElfFacts& facts) {
  Elf_Data* data = elf_getdata(section, nullptr);
  GElf_Dyn entry;
  for (int i = 0; data != nullptr && gelf_getdyn(data, i, &entry) != nullptr; ++i) {
    const std::string_view value = ElfString(elf, header.sh_link, entry.d_un.d_val);
    if (entry.d_tag == DT_NEEDED) {
      facts.needed.emplace_back(value);
    } else if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) {
      AddRunPath(value, file, facts);
    }
  }
}

// Closed with the file.
class OpenElf {
 public:
  // Parts of it are read as they are asked for: to map the whole file, and unmap it while other
  // threads run, costs more than what is read.
  explicit OpenElf(const std::filesystem::path& file)
      : fd_(open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    elf_version(EV_CURRENT);
    elf_.reset(fd_ ? elf_begin(fd_.get(), ELF_C_READ, nullptr) : nullptr);
    if (elf_ && elf_kind(elf_.get()) != ELF_K_ELF) {
      elf_.reset();
    }
  }

  Elf* get() const { return elf_.get(); }  // nullptr: it cannot be read

  // Of the segment that begins where the file does.
  std::optional<uint64_t> FirstAddress() const {
    size_t count = 0;
    GElf_Phdr segment;
    if (!elf_ || elf_getphdrnum(elf_.get(), &count) != 0) {
      return std::nullopt;
    }
    for (size_t i = 0; i < count; ++i) {
      if (gelf_getphdr(elf_.get(), static_cast<int>(i), &segment) != nullptr &&
          segment.p_type == PT_LOAD && segment.p_offset == 0) {
        return segment.p_vaddr;
      }
    }
    return std::nullopt;
  }

  // False when the file does not define the symbol for others: two words of its hash table say so
  // of most, where the names of a large library are hundreds of pages.
  bool MayExport(std::string_view symbol) const {
    Elf_Scn* section = nullptr;
    while ((section = elf_nextscn(elf_.get(), section)) != nullptr) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) != nullptr && header.sh_type == SHT_GNU_HASH &&
          gelf_getclass(elf_.get()) == ELFCLASS64) {
        return FilterHas(header.sh_offset, symbol);
      }
    }
    return true;
  }

 private:
  // The Bloom filter that leads the table of section .gnu.hash (do_lookup_x in glibc's
  // elf/dl-lookup.c). True too when it cannot be read.
  bool FilterHas(uint64_t table, std::string_view symbol) const {
    struct {
      uint32_t buckets, first_symbol, words, shift;
    } head = {};
    constexpr uint32_t kBits = 64;  // in a word
    uint64_t word = 0;
    uint32_t hash = 5381;
    for (const char c : symbol) {
      hash = hash * 33 + static_cast<unsigned char>(c);
    }
    if (!ReadAt(table, &head, sizeof(head)) || head.words == 0 ||
        !ReadAt(table + sizeof(head) + hash / kBits % head.words * sizeof(word), &word,
                sizeof(word))) {
      return true;
    }
    const uint32_t other = head.shift < 32 ? hash >> head.shift : 0;
    return ((word >> (hash % kBits)) & (word >> (other % kBits)) & 1) != 0;
  }

  bool ReadAt(uint64_t offset, void* out, size_t size) const {
    return pread(fd_.get(), out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
  }

  UniqueFd fd_;
  std::unique_ptr<Elf, ElfCloser> elf_;
};

// The address of a function that the file defines.
std::optional<uint64_t> FindFunction(const OpenElf& file, std::string_view function) {
  Elf* elf = file.get();
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr ||
        (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) ||
        (header.sh_type == SHT_DYNSYM && !file.MayExport(function)) ||
        !MayName(elf, header, function)) {
      continue;
    }
    Elf_Data* data = elf_getdata(section, nullptr);
    GElf_Sym symbol;
    for (int i = 0; data != nullptr && gelf_getsym(data, i, &symbol) != nullptr; ++i) {
      if (symbol.st_shndx != SHN_UNDEF && GELF_ST_TYPE(symbol.st_info) == STT_FUNC &&
          NameOf(elf, header, symbol) == function) {
        return symbol.st_value;
      }
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> ReadFunctionOffset(const std::filesystem::path& file,
                                           std::string_view function) {
  const OpenElf elf(file);
  const std::optional<uint64_t> first = elf.FirstAddress();
  const std::optional<uint64_t> address = first ? FindFunction(elf, function) : std::nullopt;
  return address ? std::optional(*address - *first) : std::nullopt;
}

// Adds those that the relocations of `section` fill in.
void AddSlots(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, std::string_view function,
              std::vector<uint64_t>& slots) {
  Elf_Scn* symbols = elf_getscn(elf, header.sh_link);
  GElf_Shdr table;
  if (gelf_getshdr(symbols, &table) == nullptr || table.sh_type != SHT_DYNSYM ||
      !MayName(elf, table, function)) {
    return;
  }
  Elf_Data* data = elf_getdata(section, nullptr);
  Elf_Data* names = elf_getdata(symbols, nullptr);
  GElf_Rela entry;
  for (int i = 0; data != nullptr && gelf_getrela(data, i, &entry) != nullptr; ++i) {
    const uint64_t type = GELF_R_TYPE(entry.r_info);
    GElf_Sym symbol;
    if ((type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT) &&
        gelf_getsym(names, static_cast<int>(GELF_R_SYM(entry.r_info)), &symbol) != nullptr &&
        NameOf(elf, table, symbol) == function) {
      slots.push_back(entry.r_offset);
    }
  }
}

}  // namespace

ElfFacts ReadElfFacts(const std::filesystem::path& file, std::string_view symbol) {
  ElfFacts facts;
  const OpenElf elf(file);
  if (elf.get() == nullptr) {
    return facts;
  }
  facts.is_elf = true;
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf.get(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) {
      continue;
    }
    if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) {
      facts.has_symtab |= header.sh_type == SHT_SYMTAB;
      facts.names_symbol |= TableNames(elf.get(), section, header, symbol);
    } else if (header.sh_type == SHT_DYNAMIC) {
      ReadDynamic(elf.get(), section, header, file, facts);
    }
  }
  return facts;
}

std::optional<uint64_t> FunctionOffset(const std::filesystem::path& file,
                                       const std::string& function) {
  struct stat info = {};
  if (stat(file.c_str(), &info) != 0) {
    return std::nullopt;
  }
  static std::mutex mutex;
  static std::map<std::tuple<dev_t, ino_t, int64_t, int64_t, std::string>, std::optional<uint64_t>>
      known;
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = known.try_emplace(
      {info.st_dev, info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, function},
      std::nullopt);
  if (is_new) {
    entry->second = ReadFunctionOffset(file, function);
  }
  return entry->second;
}

std::vector<uint64_t> ImportSlots(const std::filesystem::path& file, std::string_view function) {
  const OpenElf elf(file);
  const std::optional<uint64_t> first = elf.FirstAddress();
  std::vector<uint64_t> slots;
  Elf_Scn* section = nullptr;
  while (first && (section = elf_nextscn(elf.get(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != nullptr && header.sh_type == SHT_RELA) {
      AddSlots(elf.get(), section, header, function, slots);
    }
  }
  for (uint64_t& slot : slots) {
    slot -= *first;
  }
  return slots;
}

bool FileContains(const std::filesystem::path& file, const std::vector<std::string_view>& texts) {
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (!fd || fstat(fd.get(), &info) != 0 || info.st_size == 0) {
    return false;
  }
  const size_t size = static_cast<size_t>(info.st_size);
  void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (bytes == MAP_FAILED) {
    return false;
  }
  const bool all = std::all_of(texts.begin(), texts.end(), [&](std::string_view text) {
    return memmem(bytes, size, text.data(), text.size()) != nullptr;
  });
  munmap(bytes, size);
  return all;
}

}  // namespace faultline
