#include "harness/agent/unwind_rule.h"

#include <cstring>

namespace faultline::agent {
namespace {

// Registers by their DWARF numbers (System V ABI for x86-64, figure 3.36).
constexpr uint64_t kRbp = 6;
constexpr uint64_t kRsp = 7;
constexpr uint64_t kReturnAddress = 16;

constexpr uint8_t kPcRelativeSigned4 = 0x1b;    // DW_EH_PE_pcrel | DW_EH_PE_sdata4
constexpr uint8_t kDataRelativeSigned4 = 0x3b;  // DW_EH_PE_datarel | DW_EH_PE_sdata4
constexpr uint8_t kUnsigned4 = 0x03;            // DW_EH_PE_udata4

// Reads a table from front to back. Past its end it gives zeros and is no longer ok().
class Reader {
 public:
  Reader(const uint8_t* begin, const uint8_t* end) : at_(begin), end_(end) {}

  bool ok() const { return ok_; }
  bool done() const { return !ok_ || at_ == end_; }
  const uint8_t* at() const { return at_; }
  uint64_t left() const { return static_cast<uint64_t>(end_ - at_); }

  template <typename T>
  T Fixed() {
    T value{};
    if (left() < sizeof(T)) {
      ok_ = false;
      at_ = end_;
      return value;
    }
    __builtin_memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  uint64_t Unsigned() {  // LEB128
    uint64_t value = 0;
    for (unsigned shift = 0; ok_ && shift < 64; shift += 7) {
      const auto byte = Fixed<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) {
        break;
      }
    }
    return value;
  }
  int64_t Signed() {
    uint64_t value = 0;
    for (unsigned shift = 0; ok_ && shift < 64;) {
      const auto byte = Fixed<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) == 0) {
        if ((byte & 0x40) != 0 && shift < 64) {
          value |= ~uint64_t{0} << shift;
        }
        break;
      }
    }
    return static_cast<int64_t>(value);
  }
  // The next `size` bytes, as a reader of their own.
  Reader Part(uint64_t size) {
    if (left() < size) {
      ok_ = false;
      size = 0;
    }
    at_ += size;
    return {at_ - size, at_};
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

// An entry of .eh_frame (a CIE or FDE) behind its length.
std::optional<Reader> OpenEntry(const uint8_t* entry) {
  uint32_t size = 0;
  __builtin_memcpy(&size, entry, sizeof(size));
  if (size == 0 || size == 0xffffffff) {  // the end, or the 64-bit format
    return std::nullopt;
  }
  return Reader(entry + sizeof(size), entry + sizeof(size) + size);
}

struct CommonEntry {
  uint64_t code_alignment = 0;
  int64_t data_alignment = 0;
  bool has_augmentation_data = false;
  Reader instructions{nullptr, nullptr};
};

// nullopt for what ordinary functions do not have: signal frames, other pointer encodings.
std::optional<CommonEntry> ReadCommonEntry(const uint8_t* entry) {
  std::optional<Reader> reader = OpenEntry(entry);
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
  const uint64_t return_register =
      version == 1 ? reader->Fixed<uint8_t>() : reader->Unsigned();
  if (!reader->ok() || (version != 1 && version != 3) || return_register != kReturnAddress ||
      augmentation[0] != 'z') {
    return std::nullopt;
  }
  Reader data = reader->Part(reader->Unsigned());
  for (const char* letter = augmentation + 1; *letter != '\0'; ++letter) {
    if (*letter == 'R') {
      if (data.Fixed<uint8_t>() != kPcRelativeSigned4) {
        return std::nullopt;
      }
    } else if (*letter == 'L') {
      data.Fixed<uint8_t>();
    } else if (*letter == 'P') {
      const auto encoding = data.Fixed<uint8_t>();
      const bool four_bytes = (encoding & 0x07) == 0x03;
      data.Part(four_bytes ? 4 : 8);
      if ((encoding & 0x0f) != 0x00 && (encoding & 0x07) != 0x03 && (encoding & 0x07) != 0x04) {
        return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
  }
  common.instructions = *reader;
  return data.ok() ? std::optional(common) : std::nullopt;
}

// One row of the table that call frame instructions build.
struct Row {
  enum Cfa : uint8_t { kRegister, kDereferencedFrame, kOther };
  enum Saved : uint8_t { kSame, kAtCfa, kUndefined, kElsewhere };
  Cfa cfa = kOther;
  uint64_t cfa_register = 0;
  int64_t cfa_offset = 0;
  Saved frame = kSame;
  int64_t frame_offset = 0;
  Saved return_address = kSame;
  int64_t return_offset = 0;
};

// Runs call frame instructions up to the row of `pc`.
class Interpreter {
 public:
  Interpreter(const CommonEntry& common, uint64_t begin, uint64_t pc)
      : common_(common), location_(begin), pc_(pc) {}

  // False when something is met that a Row cannot hold.
  bool Run(Reader instructions, bool initial) {
    while (!instructions.done() && location_ <= pc_) {
      if (!Step(instructions)) {
        return false;
      }
    }
    if (initial) {
      initial_ = row_;
    }
    return instructions.ok();
  }
  const Row& row() const { return row_; }

 private:
  bool Step(Reader& code);
  bool StepExtended(uint8_t operation, Reader& code);
  bool DefineCfaByExpression(Reader expression);

  // The location moves on; behind `pc` the row must stay as it is.
  bool Advance(uint64_t units) {
    location_ += units * common_.code_alignment;
    return true;
  }
  bool Save(uint64_t number, Row::Saved how, int64_t offset) {
    if (number == kRbp) {
      row_.frame = how;
      row_.frame_offset = offset;
    } else if (number == kReturnAddress) {
      row_.return_address = how;
      row_.return_offset = offset;
    }
    return true;
  }
  bool Restore(uint64_t number) {
    return number == kRbp ? Save(kRbp, initial_.frame, initial_.frame_offset)
                          : Save(number, initial_.return_address, initial_.return_offset);
  }
  bool DefineCfa(uint64_t number, int64_t offset) {
    row_.cfa = Row::kRegister;
    row_.cfa_register = number;
    row_.cfa_offset = offset;
    return true;
  }
  int64_t Factored(int64_t offset) const { return offset * common_.data_alignment; }

  static constexpr int kMaxRemembered = 8;
  const CommonEntry& common_;
  uint64_t location_;
  uint64_t pc_;
  Row row_;
  Row initial_;
  Row remembered_[kMaxRemembered];
  int remembered_count_ = 0;
};

bool Interpreter::Step(Reader& code) {
  const auto byte = code.Fixed<uint8_t>();
  const uint64_t low = byte & 0x3f;
  switch (byte >> 6) {
    case 1:  // DW_CFA_advance_loc
      return Advance(low);
    case 2:  // DW_CFA_offset
      return Save(low, Row::kAtCfa, Factored(static_cast<int64_t>(code.Unsigned())));
    case 3:  // DW_CFA_restore
      return Restore(low);
    default:
      return StepExtended(byte, code);
  }
}

bool Interpreter::StepExtended(uint8_t operation, Reader& code) {
  switch (operation) {
    case 0x00:  // DW_CFA_nop
      return true;
    case 0x02:  // DW_CFA_advance_loc1
      return Advance(code.Fixed<uint8_t>());
    case 0x03:  // DW_CFA_advance_loc2
      return Advance(code.Fixed<uint16_t>());
    case 0x04:  // DW_CFA_advance_loc4
      return Advance(code.Fixed<uint32_t>());
    case 0x05: {  // DW_CFA_offset_extended
      const uint64_t number = code.Unsigned();
      return Save(number, Row::kAtCfa, Factored(static_cast<int64_t>(code.Unsigned())));
    }
    case 0x06:  // DW_CFA_restore_extended
      return Restore(code.Unsigned());
    case 0x07:  // DW_CFA_undefined
      return Save(code.Unsigned(), Row::kUndefined, 0);
    case 0x08:  // DW_CFA_same_value
      return Save(code.Unsigned(), Row::kSame, 0);
    case 0x09: {  // DW_CFA_register
      const uint64_t number = code.Unsigned();
      code.Unsigned();
      return Save(number, Row::kElsewhere, 0);
    }
    case 0x0a:  // DW_CFA_remember_state
      if (remembered_count_ == kMaxRemembered) {
        return false;
      }
      remembered_[remembered_count_++] = row_;
      return true;
    case 0x0b:  // DW_CFA_restore_state
      if (remembered_count_ == 0) {
        return false;
      }
      row_ = remembered_[--remembered_count_];
      return true;
    case 0x0c: {  // DW_CFA_def_cfa
      const uint64_t number = code.Unsigned();
      return DefineCfa(number, static_cast<int64_t>(code.Unsigned()));
    }
    case 0x0d:  // DW_CFA_def_cfa_register
      return row_.cfa == Row::kRegister && DefineCfa(code.Unsigned(), row_.cfa_offset);
    case 0x0e:  // DW_CFA_def_cfa_offset
      return row_.cfa == Row::kRegister &&
             DefineCfa(row_.cfa_register, static_cast<int64_t>(code.Unsigned()));
    case 0x0f:  // DW_CFA_def_cfa_expression
      return DefineCfaByExpression(code.Part(code.Unsigned()));
    case 0x10:    // DW_CFA_expression
    case 0x16: {  // DW_CFA_val_expression
      const uint64_t number = code.Unsigned();
      Reader expression = code.Part(code.Unsigned());
      // Where functions realign their stack, rbp is saved where it points to: rbp + 0.
      const bool at_frame = operation == 0x10 && number == kRbp && expression.left() == 2 &&
                            expression.Fixed<uint8_t>() == 0x76 &&  // DW_OP_breg6
                            expression.Fixed<uint8_t>() == 0;
      return Save(number, at_frame ? Row::kUndefined : Row::kElsewhere, 0);
    }
    case 0x2e:  // DW_CFA_GNU_args_size
      code.Unsigned();
      return true;
    default:
      return false;
  }
}

}  // namespace
}  // namespace faultline::agent
