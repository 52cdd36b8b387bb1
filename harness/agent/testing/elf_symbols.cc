#include "harness/agent/testing/elf_symbols.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>

#include "harness/base/unique_fd.h"

namespace faultline::agent {
namespace {

// Calls `visit` with each section of the file until it returns true.
void VisitSections(const std::filesystem::path& file,
                   const std::function<bool(Elf*, const GElf_Shdr&, Elf_Data*)>& visit) {
  elf_version(EV_CURRENT);
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const std::unique_ptr<Elf, decltype(&elf_end)> elf(elf_begin(fd.get(), ELF_C_READ_MMAP, nullptr),
                                                     &elf_end);
  if (elf == nullptr) {
    throw std::runtime_error(file.string() + " cannot be read");
  }
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf.get(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != nullptr &&
        visit(elf.get(), header, elf_getdata(section, nullptr))) {
      return;
    }
  }
}

}  // namespace

ElfSymbol FindSymbol(const std::filesystem::path& file, const std::string& name) {
  ElfSymbol result;
  bool found = false;
  VisitSections(file, [&](Elf* elf, const GElf_Shdr& header, Elf_Data* data) {
    if (header.sh_type != SHT_SYMTAB) {
      return false;
    }
    const auto count = static_cast<int>(header.sh_size / header.sh_entsize);
    for (int i = 0; i < count && !found; ++i) {
      GElf_Sym symbol;
      gelf_getsym(data, i, &symbol);
      found =
          symbol.st_shndx != SHN_UNDEF && elf_strptr(elf, header.sh_link, symbol.st_name) == name;
      result = {symbol.st_value, symbol.st_size};
    }
    return found;
  });
  if (!found) {
    throw std::runtime_error(file.string() + " has no symbol " + name);
  }
  return result;
}

std::vector<uint8_t> ReadImage(const std::filesystem::path& file, uint64_t address, size_t size) {
  std::vector<uint8_t> bytes;
  VisitSections(file, [&](Elf*, const GElf_Shdr& header, Elf_Data* data) {
    if ((header.sh_flags & SHF_ALLOC) == 0 || header.sh_type == SHT_NOBITS ||
        address < header.sh_addr || address + size > header.sh_addr + header.sh_size) {
      return false;
    }
    const auto* begin = static_cast<const uint8_t*>(data->d_buf) + (address - header.sh_addr);
    bytes.assign(begin, begin + size);
    return true;
  });
  if (bytes.size() != size) {
    throw std::runtime_error(file.string() + " has no bytes at that address");
  }
  return bytes;
}

protocol::BuildId ReadBuildIdOf(const std::filesystem::path& file) {
  protocol::BuildId id;
  VisitSections(file, [&](Elf*, const GElf_Shdr& header, Elf_Data* data) {
    GElf_Nhdr note;
    size_t name = 0;
    size_t content = 0;
    if (header.sh_type != SHT_NOTE || gelf_getnote(data, 0, &note, &name, &content) == 0 ||
        note.n_type != NT_GNU_BUILD_ID) {
      return false;
    }
    id.size = static_cast<uint8_t>(std::min<size_t>(note.n_descsz, sizeof(id.bytes)));
    std::memcpy(id.bytes, static_cast<const char*>(data->d_buf) + content, id.size);
    return true;
  });
  return id;
}

}  // namespace faultline::agent
