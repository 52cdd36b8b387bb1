#include "harness/planner/instruction.h"

namespace faultline {
namespace {

// A Zydis decoder for 64-bit code. Its tables are constant, so one serves every thread.
const ZydisDecoder& Decoder() {
  static const ZydisDecoder decoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  return decoder;
}

bool IsCountingBranch(ZydisMnemonic mnemonic) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_JCXZ:
    case ZYDIS_MNEMONIC_JECXZ:
    case ZYDIS_MNEMONIC_JRCXZ:
    case ZYDIS_MNEMONIC_LOOP:
    case ZYDIS_MNEMONIC_LOOPE:
    case ZYDIS_MNEMONIC_LOOPNE:
    case ZYDIS_MNEMONIC_XBEGIN:
      return true;  // they have no form with a 32-bit displacement, or mean something else by it
    default:
      return false;
  }
}

Instruction::Kind KindOf(const ZydisDecodedInstruction& decoded) {
  using Kind = Instruction::Kind;
  bool relative = (decoded.attributes & ZYDIS_ATTRIB_IS_RELATIVE) != 0 &&
                  decoded.raw.imm[0].is_relative != ZYAN_FALSE;
  if (IsCountingBranch(decoded.mnemonic) || decoded.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
    return Kind::kUnrelocatable;
  }
  bool narrow = (decoded.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) != 0;
  switch (decoded.meta.category) {
    case ZYDIS_CATEGORY_COND_BR:
      return narrow ? Kind::kUnrelocatable : Kind::kConditional;
    case ZYDIS_CATEGORY_UNCOND_BR:
      return narrow ? Kind::kUnrelocatable : relative ? Kind::kJump : Kind::kIndirectJump;
    case ZYDIS_CATEGORY_CALL:
      // `data16 rex.W call` is what linkers make of the call to __tls_get_addr.
      return relative ? Kind::kCall : Kind::kIndirectCall;
    case ZYDIS_CATEGORY_RET:
      return Kind::kEnd;
    default:
      break;
  }
  switch (decoded.mnemonic) {
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
      return Kind::kEnd;
    default:
      return Kind::kPlain;
  }
}

}  // namespace

std::optional<Instruction> DecodeInstruction(std::span<const uint8_t> bytes) {
  ZydisDecodedInstruction decoded;
  if (bytes.empty() || !ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
                           &Decoder(), nullptr, bytes.data(), bytes.size(), &decoded))) {
    return std::nullopt;
  }
  Instruction instruction;
  instruction.kind = KindOf(decoded);
  instruction.size = decoded.length;
  instruction.opcode = decoded.opcode;
  instruction.nop =
      decoded.mnemonic == ZYDIS_MNEMONIC_NOP || decoded.mnemonic == ZYDIS_MNEMONIC_INT3;
  const auto& raw = decoded.raw;
  if ((decoded.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0) {
    bool memory = raw.modrm.mod != 3;
    bool extended = (decoded.attributes & ZYDIS_ATTRIB_HAS_REX) != 0 && raw.rex.B != 0;
    instruction.modrm_at = raw.modrm.offset;
    instruction.rsp_operand = raw.modrm.rm == 4 && !extended && (!memory || raw.sib.base == 4);
    instruction.rip_operand = raw.modrm.mod == 0 && raw.modrm.rm == 5 && raw.disp.size == 32;
    instruction.displacement = raw.disp.value;
    instruction.displacement_at = raw.disp.offset;
    if (instruction.rip_operand && decoded.address_width != 64) {
      instruction.kind = Instruction::Kind::kUnrelocatable;
    }
  }
  if (raw.imm[0].is_relative != ZYAN_FALSE) {
    instruction.displacement = raw.imm[0].value.s;
  }
  return instruction;
}

}  // namespace faultline
