#include "harness/agent/unwind_rule.h"

namespace faultline::agent {
namespace {

// Registers by their DWARF numbers (System V ABI for x86-64, figure 3.36).
constexpr uint64_t kRbp = 6;
constexpr uint64_t kRsp = 7;
constexpr uint64_t kReturnAddress = 16;

constexpr uint8_t kAddressInRbp = 0x76;  // DW_OP_breg6, a signed offset follows
constexpr uint8_t kDereference = 0x06;   // DW_OP_deref

// One row of the table that call frame instructions build.
struct Row {
  enum Cfa : uint8_t { kRegister, kDereferencedFrame, kOther };
  enum Saved : uint8_t { kSame, kAtCfa, kAtFrame, kUndefined, kElsewhere };
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
  Interpreter(const FrameEntry& entry, uint64_t pc)
      : entry_(entry), location_(entry.begin), pc_(pc) {}

  // False when something is met that a Row cannot hold.
  bool Run() {
    if (!RunPart(entry_.initial)) {
      return false;
    }
    initial_ = row_;
    return RunPart(entry_.instructions);
  }
  const Row& row() const { return row_; }

 private:
  bool RunPart(TableReader code) {
    while (!code.done() && location_ <= pc_) {
      if (!Step(code)) {
        return false;
      }
    }
    return code.ok();
  }
  bool Step(TableReader& code);
  bool StepExtended(uint8_t operation, TableReader& code);
  bool DefineCfaByExpression(TableReader expression);

  bool Advance(uint64_t units) {
    location_ += units * entry_.code_alignment;
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
  int64_t Factored(uint64_t offset) const {  // wraps around rather than overflows
    return static_cast<int64_t>(offset * static_cast<uint64_t>(entry_.data_alignment));
  }

  static constexpr int kMaxRemembered = 8;
  const FrameEntry& entry_;
  uint64_t location_;
  uint64_t pc_;
  Row row_;
  Row initial_;
  Row remembered_[kMaxRemembered];
  int remembered_count_ = 0;
};

bool Interpreter::Step(TableReader& code) {
  const auto byte = code.Fixed<uint8_t>();
  const uint64_t low = byte & 0x3f;
  switch (byte >> 6) {
    case 1:  // DW_CFA_advance_loc
      return Advance(low);
    case 2:  // DW_CFA_offset
      return Save(low, Row::kAtCfa, Factored(code.Unsigned()));
    case 3:  // DW_CFA_restore
      return Restore(low);
    default:
      return StepExtended(byte, code);
  }
}

bool Interpreter::StepExtended(uint8_t operation, TableReader& code) {
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
      return Save(number, Row::kAtCfa, Factored(code.Unsigned()));
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
      TableReader expression = code.Part(code.Unsigned());
      // Where functions realign their stack, rbp is saved where it points to: rbp + 0.
      const bool at_frame = operation == 0x10 && number == kRbp && expression.left() == 2 &&
                            expression.Fixed<uint8_t>() == 0x76 &&  // DW_OP_breg6
                            expression.Fixed<uint8_t>() == 0;
      return Save(number, at_frame ? Row::kAtFrame : Row::kElsewhere, 0);
    }
    case 0x2e:  // DW_CFA_GNU_args_size
      code.Unsigned();
      return true;
    default:
      return false;
  }
}

// Functions that realign their stack keep the CFA in a local variable: DW_OP_breg6 OFFSET,
// DW_OP_deref.
bool Interpreter::DefineCfaByExpression(TableReader expression) {
  const bool by_frame = expression.Fixed<uint8_t>() == kAddressInRbp;
  row_.cfa = Row::kDereferencedFrame;
  row_.cfa_offset = expression.Signed();
  return by_frame && expression.Fixed<uint8_t>() == kDereference && expression.ok() &&
         expression.done();
}

UnwindRule MakeRule(const Row& row) {
  UnwindRule rule;
  if (row.return_address == Row::kUndefined) {
    rule.kind = UnwindRule::kOutermost;
    return rule;
  }
  rule.cfa_offset = static_cast<int32_t>(row.cfa_offset);
  rule.frame_offset = static_cast<int16_t>(row.frame_offset);
  const bool fits = rule.cfa_offset == row.cfa_offset && rule.frame_offset == row.frame_offset &&
                    row.return_address == Row::kAtCfa && row.return_offset == -8;
  if (!fits) {
    return {};
  }
  if (row.cfa == Row::kDereferencedFrame && row.frame == Row::kAtFrame) {
    rule.kind = UnwindRule::kFromRealigned;
  } else if (row.cfa == Row::kRegister && row.cfa_register == kRsp) {
    rule.kind = UnwindRule::kFromStack;
  } else if (row.cfa == Row::kRegister && row.cfa_register == kRbp) {
    rule.kind = UnwindRule::kFromFrame;
  }
  rule.frame_saved = row.frame == Row::kAtCfa;
  const bool frame_known = row.frame == Row::kSame || row.frame == Row::kAtCfa ||
                           rule.kind == UnwindRule::kFromRealigned;
  return frame_known ? rule : UnwindRule();
}

}  // namespace

UnwindRule FindUnwindRule(const UnwindTables& tables, uint64_t pc) {
  const FrameLookup found = FindFrameEntry(tables, pc);
  if (found.kind == FrameLookup::kOther) {
    return {};
  }
  if (found.kind == FrameLookup::kDamaged || found.entry.is_signal_frame) {
    UnwindRule rule;
    rule.kind = UnwindRule::kOutermost;
    return rule;
  }
  Interpreter interpreter(found.entry, pc);
  return interpreter.Run() ? MakeRule(interpreter.row()) : UnwindRule();
}

uint64_t UnwindRule::Pack() const {
  return uint64_t{kind} | uint64_t{frame_saved} << 8 |
         uint64_t{static_cast<uint16_t>(frame_offset)} << 16 |
         uint64_t{static_cast<uint32_t>(cfa_offset)} << 32;
}

UnwindRule UnwindRule::Unpack(uint64_t packed) {
  UnwindRule rule;
  rule.kind = static_cast<Kind>(packed & 0xff);
  rule.frame_saved = (packed >> 8 & 1) != 0;
  rule.frame_offset = static_cast<int16_t>(packed >> 16);
  rule.cfa_offset = static_cast<int32_t>(packed >> 32);
  return rule;
}

}  // namespace faultline::agent
