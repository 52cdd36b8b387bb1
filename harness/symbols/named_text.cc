#include "harness/symbols/named_text.h"

#include <gelf.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

namespace faultline {
namespace {

template <typename T>
T At(std::span<const uint8_t> bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// The last function at or before `pc` in the sorted table of .eh_frame_hdr; 0 when there is none.
uint64_t EntryByUnwindTable(const ElfImage& image, uint64_t pc) {
  constexpr uint8_t kPcRelative4 = 0x1b;  // DW_EH_PE_pcrel | DW_EH_PE_sdata4
  constexpr uint8_t kUnsigned4 = 0x03;    // DW_EH_PE_udata4
  constexpr uint8_t kTable4 = 0x3b;       // DW_EH_PE_datarel | DW_EH_PE_sdata4
  constexpr size_t kHeader = 12;          // four encodings, .eh_frame's place, the count
  size_t headers = 0;
  elf_getphdrnum(image.file().handle(), &headers);
  for (size_t i = 0; i < headers; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(image.file().handle(), static_cast<int>(i), &header) == nullptr ||
        header.p_type != PT_GNU_EH_FRAME) {
      continue;
    }
    const auto bytes = image.Bytes({header.p_vaddr, header.p_vaddr + header.p_filesz});
    if (bytes.size() < kHeader || bytes[0] != 1 || bytes[1] != kPcRelative4 ||
        bytes[2] != kUnsigned4 || bytes[3] != kTable4) {
      continue;  // as no linker of today writes it
    }
    const size_t count =
        std::min<size_t>(At<uint32_t>(bytes, 8), (bytes.size() - kHeader) / sizeof(uint64_t));
    uint64_t entry = 0;
    for (size_t k = 0; k < count; ++k) {
      const uint64_t begin =
          header.p_vaddr +
          static_cast<uint64_t>(static_cast<int64_t>(At<int32_t>(bytes, kHeader + k * 8)));
      if (begin > pc) {
        break;
      }
      entry = begin;
    }
    return entry;
  }
  return 0;
}

uint64_t EntryBySymbols(const ElfImage& image, uint64_t pc) {
  const auto& functions = image.functions();
  const auto behind =
      std::upper_bound(functions.begin(), functions.end(), pc,
                       [](uint64_t at, const FunctionSymbol& one) { return at < one.address; });
  return behind == functions.begin() ? 0 : std::prev(behind)->address;
}

// Addresses of the file's constant texts that match.
std::set<uint64_t> FindTexts(const ElfImage& image, const LinePattern& pattern) {
  std::set<uint64_t> found;
  Elf* elf = image.file().handle();
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_PROGBITS ||
        (header.sh_flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR)) != SHF_ALLOC) {
      continue;
    }
    const auto bytes = image.Bytes({header.sh_addr, header.sh_addr + header.sh_size});
    for (size_t begin = 0; begin < bytes.size();) {
      const auto end = static_cast<size_t>(
          std::find(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end(), 0) -
          bytes.begin());
      std::string_view text(reinterpret_cast<const char*>(bytes.data()) + begin, end - begin);
      while (text.ends_with('\n')) {
        text.remove_suffix(1);
      }
      if (!text.empty() && pattern.Matches(text)) {
        found.insert(header.sh_addr + begin);
      }
      begin = end + 1;
    }
  }
  return found;
}

}  // namespace

bool NamesTextBefore(const ElfImage& image, uint64_t pc, const LinePattern& pattern) {
  constexpr uint64_t kLongestFunction = uint64_t{1} << 20;
  const uint64_t entry = std::max(EntryByUnwindTable(image, pc), EntryBySymbols(image, pc));
  if (entry == 0 || pc - entry > kLongestFunction) {
    return false;
  }
  const auto code = image.Bytes({entry, pc});
  const std::set<uint64_t> texts = code.empty() ? std::set<uint64_t>() : FindTexts(image, pattern);
  if (texts.empty()) {
    return false;
  }
  for (size_t at = 0; at + sizeof(int32_t) <= code.size(); ++at) {
    // lea counts from the next instruction, which begins behind these four bytes; a program that is
    // linked to a fixed address has the address itself there.
    const auto distance = static_cast<uint64_t>(static_cast<int64_t>(At<int32_t>(code, at)));
    if (texts.contains(entry + at + sizeof(int32_t) + distance) ||
        texts.contains(At<uint32_t>(code, at))) {
      return true;
    }
  }
  return false;
}

}  // namespace faultline
