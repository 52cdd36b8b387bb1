#pragma once

#include <Zydis/Zydis.h>

#include <cstdint>
#include <optional>
#include <span>

namespace faultline {

// One decoded x86-64 instruction, reduced to what relocation asks of it.
struct Instruction {
  enum class Kind {
    kPlain,         // goes on to the next instruction, refers to no address but by `rip_operand`
    kConditional,   // jcc
    kJump,          // jmp, relative
    kCall,          // call, relative
    kIndirectJump,  // jmp by register or memory; ends the flow
    kIndirectCall,
    kEnd,            // ret, hlt, ud2, int3: ends the flow
    kUnrelocatable,  // loop, jrcxz, xbegin, far transfers, address-size prefix on a rip operand
  };
  Kind kind = Kind::kPlain;
  uint8_t size = 0;
  bool rip_operand = false;  // a memory operand relative to the next instruction
  bool rsp_operand = false;  // a memory operand relative to rsp, or rsp itself, in an indirect call
  int64_t displacement = 0;  // of the branch, or of the rip operand
  uint8_t displacement_at = 0;  // offset of the rip operand's disp32 in the instruction
  uint8_t opcode = 0;           // last opcode byte; of a jcc the low nibble is the condition
  uint8_t modrm_at = 0;         // offset of ModRM; meaningful for indirect calls
  bool nop = false;             // nop of any length, or int3: padding

  bool EndsFlow() const {
    return kind == Kind::kJump || kind == Kind::kIndirectJump || kind == Kind::kEnd;
  }
};

// Decodes the instruction at the front of `bytes`; nullopt when there is none.
std::optional<Instruction> DecodeInstruction(std::span<const uint8_t> bytes);

}  // namespace faultline
