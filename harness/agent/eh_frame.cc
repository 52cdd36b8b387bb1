#include "harness/agent/eh_frame.h"

namespace faultline::agent {
namespace {

constexpr uint64_t kReturnAddress = 16;         // DWARF's number (System V ABI for x86-64, 3.36)
constexpr uint8_t kPcRelativeSigned4 = 0x1b;    // DW_EH_PE_pcrel | DW_EH_PE_sdata4
constexpr uint8_t kDataRelativeSigned4 = 0x3b;  // DW_EH_PE_datarel | DW_EH_PE_sdata4
constexpr uint8_t kUnsigned4 = 0x03;            // DW_EH_PE_udata4
constexpr uint8_t kFormatMask = 0x0f;
constexpr uint8_t kAbsolute = 0x00;
constexpr uint8_t kSigned4 = 0x0b;
constexpr uint8_t kUnsigned8 = 0x04;
constexpr uint8_t kSigned8 = 0x0c;

// An entry of .eh_frame (a CIE or FDE) behind its length.
std::optional<TableReader> OpenEntry(const uint8_t* entry) {
  uint32_t size = 0;
  __builtin_memcpy(&size, entry, sizeof(size));
  if (size == 0 || size == 0xffffffff) {  // the end, or the 64-bit format
    return std::nullopt;
  }
  return TableReader(entry + sizeof(size), entry + sizeof(size) + size);
}

// Bytes of a pointer in this encoding; 0 when it is none of the usual ones.
int PointerSize(uint8_t encoding) {
  switch (encoding & kFormatMask) {
    case kUnsigned4:
    case kSigned4:
      return 4;
    case kAbsolute:
    case kUnsigned8:
    case kSigned8:
      return 8;
    default:
      return 0;
  }
}

struct CommonEntry {
  uint64_t code_alignment = 0;
  int64_t data_alignment = 0;
  bool is_signal_frame = false;
  TableReader instructions{nullptr, nullptr};
};

std::optional<CommonEntry> ReadCommonEntry(const uint8_t* entry) {
  std::optional<TableReader> reader = OpenEntry(entry);
  if (!reader || reader->Fixed<uint32_t>() != 0) {  // 0 marks a CIE
    return std::nullopt;
  }
  CommonEntry common;
  const auto version = reader->Fixed<uint8_t>();
  const auto* augmentation = reinterpret_cast<const char*>(reader->at());
  while (reader->Fixed<uint8_t>() != 0) {
  }
  common.code_alignment = reader->Unsigned();
  common.data_alignment = reader->Signed();
  const uint64_t return_register = version == 1 ? reader->Fixed<uint8_t>() : reader->Unsigned();
  if (!reader->ok() || (version != 1 && version != 3) || return_register != kReturnAddress ||
      augmentation[0] != 'z') {
    return std::nullopt;
  }
  TableReader data = reader->Part(reader->Unsigned());
  for (const char* letter = augmentation + 1; *letter != '\0'; ++letter) {
    if (*letter == 'R') {
      if (data.Fixed<uint8_t>() != kPcRelativeSigned4) {
        return std::nullopt;
      }
    } else if (*letter == 'S') {
      common.is_signal_frame = true;
    } else if (*letter == 'L') {
      data.Fixed<uint8_t>();
    } else if (*letter == 'P') {
      const int size = PointerSize(data.Fixed<uint8_t>());
      if (size == 0) {
        return std::nullopt;
      }
      data.Part(static_cast<uint64_t>(size));
    } else {
      return std::nullopt;
    }
  }
  common.instructions = *reader;
  return data.ok() ? std::optional(common) : std::nullopt;
}

// The search table behind the header: one row per function, sorted, both fields relative to the
// header.
struct SearchRow {
  int32_t code;
  int32_t entry;
};

struct SearchTable {
  const SearchRow* rows = nullptr;
  uint32_t count = 0;
};

SearchTable OpenSearchTable(const uint8_t* header) {
  // version, encodings of: pointer to .eh_frame, count, table; then those.
  const bool usual = header[0] == 1 && header[1] == kPcRelativeSigned4 && header[2] == kUnsigned4 &&
                     header[3] == kDataRelativeSigned4;
  if (!usual) {
    return {};
  }
  SearchTable table;
  __builtin_memcpy(&table.count, header + 8, sizeof(table.count));
  table.rows = reinterpret_cast<const SearchRow*>(header + 12);
  return table;
}

}  // namespace

std::optional<FrameEntry> FindFrameEntry(const uint8_t* header, uint64_t pc) {
  const SearchTable table = OpenSearchTable(header);
  const auto origin = reinterpret_cast<uint64_t>(header);
  auto address = [origin](int32_t offset) {
    return origin + static_cast<uint64_t>(int64_t{offset});
  };
  uint32_t low = 0;  // rows before it start at or below pc
  for (uint32_t high = table.count; low < high;) {
    const uint32_t middle = low + (high - low) / 2;
    if (address(table.rows[middle].code) <= pc) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) {
    return std::nullopt;
  }
  const auto* entry = reinterpret_cast<const uint8_t*>(address(table.rows[low - 1].entry));
  std::optional<TableReader> reader = OpenEntry(entry);
  if (!reader) {
    return std::nullopt;
  }
  const uint8_t* pointer = reader->at();
  const auto common_distance = reader->Fixed<uint32_t>();
  const std::optional<CommonEntry> common = ReadCommonEntry(pointer - common_distance);
  if (common_distance == 0 || !common) {
    return std::nullopt;
  }
  FrameEntry frame;
  frame.begin = reinterpret_cast<uint64_t>(reader->at());
  frame.begin += static_cast<uint64_t>(int64_t{reader->Fixed<int32_t>()});
  frame.end = frame.begin + reader->Fixed<uint32_t>();
  reader->Part(reader->Unsigned());  // augmentation data
  if (!reader->ok() || pc < frame.begin || pc >= frame.end) {
    return std::nullopt;
  }
  frame.code_alignment = common->code_alignment;
  frame.data_alignment = common->data_alignment;
  frame.is_signal_frame = common->is_signal_frame;
  frame.initial = common->instructions;
  frame.instructions = *reader;
  return frame;
}

}  // namespace faultline::agent
