#include "harness/agent/eh_frame.h"

namespace faultline::agent {
namespace {

constexpr uint64_t kReturnAddress = 16;       // DWARF's number (System V ABI for x86-64, 3.36)
constexpr uint8_t kPcRelativeSigned4 = 0x1b;  // DW_EH_PE_pcrel | DW_EH_PE_sdata4
constexpr uint8_t kUnsigned4 = 0x03;          // DW_EH_PE_udata4
// .eh_frame_hdr begins with its version (1) and the encodings of the pointer to .eh_frame (as
// above), of the count (DW_EH_PE_udata4) and of the rows (DW_EH_PE_datarel | DW_EH_PE_sdata4).
constexpr uint32_t kUsualHeader = 0x3b031b01;
constexpr uint8_t kFormatMask = 0x0f;
constexpr uint8_t kAbsolute = 0x00;
constexpr uint8_t kSigned4 = 0x0b;
constexpr uint8_t kUnsigned8 = 0x04;
constexpr uint8_t kSigned8 = 0x0c;

using Kind = FrameLookup::Kind;

uint64_t Address(const uint8_t* at) { return reinterpret_cast<uint64_t>(at); }

// What the segment holds from this address on; at its end for an address that is not in it.
TableReader From(const UnwindTables& tables, uint64_t address) {
  const bool inside = address >= Address(tables.begin) && address <= Address(tables.end);
  return {inside ? reinterpret_cast<const uint8_t*>(address) : tables.end, tables.end};
}

// The entry of .eh_frame (a CIE or FDE) at this address, behind its length.
Kind OpenEntry(const UnwindTables& tables, uint64_t address, TableReader* entry) {
  TableReader reader = From(tables, address);
  const auto size = reader.Fixed<uint32_t>();
  if (!reader.ok()) {
    return Kind::kDamaged;
  }
  if (size == 0 || size == 0xffffffff) {  // the end, or the 64-bit format
    return Kind::kOther;
  }
  *entry = reader.Part(size);
  return reader.ok() ? Kind::kFound : Kind::kDamaged;
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

Kind ReadCommonEntry(const UnwindTables& tables, uint64_t address, CommonEntry* common) {
  TableReader reader{nullptr, nullptr};
  const Kind kind = OpenEntry(tables, address, &reader);
  if (kind != Kind::kFound) {
    return kind;
  }
  const bool is_common = reader.Fixed<uint32_t>() == 0;  // 0 marks a CIE
  const auto version = reader.Fixed<uint8_t>();
  const auto* augmentation = reinterpret_cast<const char*>(reader.at());
  while (reader.Fixed<uint8_t>() != 0) {
  }
  common->code_alignment = reader.Unsigned();
  common->data_alignment = reader.Signed();
  const uint64_t return_register = version == 1 ? reader.Fixed<uint8_t>() : reader.Unsigned();
  if (!is_common || !reader.ok()) {
    return Kind::kDamaged;
  }
  if ((version != 1 && version != 3) || return_register != kReturnAddress ||
      augmentation[0] != 'z') {
    return Kind::kOther;
  }
  TableReader data = reader.Part(reader.Unsigned());
  for (const char* letter = augmentation + 1; *letter != '\0'; ++letter) {
    if (*letter == 'R') {
      if (data.Fixed<uint8_t>() != kPcRelativeSigned4) {
        return Kind::kOther;
      }
    } else if (*letter == 'S') {
      common->is_signal_frame = true;
    } else if (*letter == 'L') {
      data.Fixed<uint8_t>();
    } else if (*letter == 'P') {
      const int size = PointerSize(data.Fixed<uint8_t>());
      if (size == 0) {
        return Kind::kOther;
      }
      data.Part(static_cast<uint64_t>(size));
    } else {
      return Kind::kOther;
    }
  }
  common->instructions = reader;
  return data.ok() && reader.ok() ? Kind::kFound : Kind::kDamaged;
}

// The search table behind the header: one row per function, sorted, both fields relative to the
// header.
struct SearchRow {
  int32_t code;
  int32_t entry;
};

uint64_t Relative(uint64_t origin, int32_t offset) {
  return origin + static_cast<uint64_t>(int64_t{offset});
}

// The address of the entry for the last function that begins at or below `pc`.
Kind Search(const UnwindTables& tables, uint64_t pc, uint64_t* entry) {
  const uint64_t origin = Address(tables.header);
  TableReader reader = From(tables, origin);
  // version, encodings of: pointer to .eh_frame, count, table; then those.
  const auto version_and_encodings = reader.Fixed<uint32_t>();
  reader.Fixed<uint32_t>();
  const auto count = reader.Fixed<uint32_t>();
  if (!reader.ok()) {
    return Kind::kDamaged;
  }
  if (version_and_encodings != kUsualHeader) {
    return Kind::kOther;
  }
  const uint8_t* rows = reader.at();
  if (reader.left() / sizeof(SearchRow) < count) {
    return Kind::kDamaged;
  }
  auto row = [rows](uint32_t index) {
    SearchRow copy;
    __builtin_memcpy(&copy, rows + uint64_t{index} * sizeof(SearchRow), sizeof(copy));
    return copy;
  };
  uint32_t low = 0;  // rows before it start at or below pc
  for (uint32_t high = count; low < high;) {
    const uint32_t middle = low + (high - low) / 2;
    if (Relative(origin, row(middle).code) <= pc) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) {
    return Kind::kOther;
  }
  *entry = Relative(origin, row(low - 1).entry);
  return Kind::kFound;
}

Kind ReadEntry(const UnwindTables& tables, uint64_t address, FrameEntry* frame) {
  TableReader reader{nullptr, nullptr};
  if (const Kind kind = OpenEntry(tables, address, &reader); kind != Kind::kFound) {
    return kind;
  }
  const uint64_t here = Address(reader.at());
  const auto common_distance = reader.Fixed<uint32_t>();
  if (common_distance == 0) {  // a CIE
    return Kind::kOther;
  }
  CommonEntry common;
  if (const Kind kind = ReadCommonEntry(tables, here - common_distance, &common);
      kind != Kind::kFound) {
    return kind;
  }
  const uint64_t begin = Address(reader.at());
  frame->begin = Relative(begin, reader.Fixed<int32_t>());
  frame->end = frame->begin + reader.Fixed<uint32_t>();
  reader.Part(reader.Unsigned());  // augmentation data
  frame->code_alignment = common.code_alignment;
  frame->data_alignment = common.data_alignment;
  frame->is_signal_frame = common.is_signal_frame;
  frame->initial = common.instructions;
  frame->instructions = reader;
  return reader.ok() ? Kind::kFound : Kind::kDamaged;
}

}  // namespace

FrameLookup FindFrameEntry(const UnwindTables& tables, uint64_t pc) {
  FrameLookup found;
  uint64_t entry = 0;
  found.kind = Search(tables, pc, &entry);
  if (found.kind == Kind::kFound) {
    found.kind = ReadEntry(tables, entry, &found.entry);
  }
  if (found.kind == Kind::kFound && (pc < found.entry.begin || pc >= found.entry.end)) {
    found.kind = Kind::kOther;
  }
  return found;
}

}  // namespace faultline::agent
