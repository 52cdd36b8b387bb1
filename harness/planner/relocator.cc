#include "harness/planner/relocator.h"

#include <fmt/format.h>

#include <cstring>
#include <tuple>

#include "harness/planner/instruction.h"

namespace faultline {
namespace {

using protocol::PlanFixup;

constexpr uint8_t kEndbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

// Writes displaced instructions at their new place.
class TrampolineWriter {
 public:
  void Copy(std::span<const uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  // `opcode` and a 32-bit displacement to `target` that ends the instruction.
  void Branch(std::initializer_list<uint8_t> opcode, uint64_t target) {
    bytes_.insert(bytes_.end(), opcode);
    bytes_.resize(bytes_.size() + sizeof(uint32_t));
    Relative(bytes_.size() - sizeof(uint32_t), bytes_.size(), target);
  }

  // The displacement at `position` shall lead from `next` to `target`.
  void Relative(size_t position, size_t next, uint64_t target) {
    std::memset(&bytes_[position], 0, sizeof(uint32_t));
    fixups_.push_back({static_cast<uint32_t>(position), PlanFixup::kRelative32,
                       static_cast<uint32_t>(next), 0, target});
  }

  // push [rip + ...] of the address `target`, which Finish() appends. At most once.
  void PushAddress(uint64_t target) {
    Copy(std::vector<uint8_t>{0xff, 0x35, 0, 0, 0, 0});
    push_end_ = bytes_.size();
    pushed_ = target;
  }

  size_t size() const { return bytes_.size(); }

  void Finish(HookRecipe& recipe) {
    if (push_end_ != 0) {
      bytes_.resize((bytes_.size() + 7) / 8 * 8, 0xcc);
      uint32_t distance = static_cast<uint32_t>(bytes_.size() - push_end_);
      std::memcpy(&bytes_[push_end_ - sizeof(distance)], &distance, sizeof(distance));
      fixups_.push_back(
          {static_cast<uint32_t>(bytes_.size()), PlanFixup::kAbsolute64, 0, 0, pushed_});
      bytes_.resize(bytes_.size() + sizeof(uint64_t));
    }
    recipe.trampoline = std::move(bytes_);
    recipe.fixups = std::move(fixups_);
  }

 private:
  std::vector<uint8_t> bytes_;
  std::vector<PlanFixup> fixups_;
  size_t push_end_ = 0;
  uint64_t pushed_ = 0;
};

class Relocator {
 public:
  explicit Relocator(const FunctionCode& code) : code_(code) {}

  std::variant<HookRecipe, Refusal> Run();

 private:
  // One more instruction; "" or why not. The flow may have ended before.
  std::string Displace();
  std::string DisplacePadding(size_t at);
  std::string Mend(const Instruction& instruction, std::span<const uint8_t> bytes, uint64_t next);
  void CopyMended(const Instruction& instruction, std::vector<uint8_t> bytes, uint64_t next);

  const FunctionCode& code_;
  TrampolineWriter writer_;
  size_t skipped_ = 0;    // bytes of endbr64
  size_t displaced_ = 0;  // bytes behind it
  bool flow_ended_ = false;
  bool returns_to_original_ = false;  // by a call's return address: no jump back is needed
};

std::variant<HookRecipe, Refusal> Relocator::Run() {
  if (code_.bytes.size() >= sizeof(kEndbr64) &&
      std::memcmp(code_.bytes.data(), kEndbr64, sizeof(kEndbr64)) == 0) {
    skipped_ = sizeof(kEndbr64);
  }
  while (displaced_ < kJumpSize) {
    std::string refusal = Displace();
    if (!refusal.empty()) {
      return Refusal{refusal};
    }
  }
  HookRecipe recipe;
  recipe.entry = code_.entry;
  recipe.patch_at = code_.entry + skipped_;
  recipe.displaced = static_cast<uint8_t>(displaced_);
  auto original = code_.bytes.subspan(skipped_, displaced_);
  recipe.original.assign(original.begin(), original.end());
  if (!flow_ended_ && !returns_to_original_) {
    writer_.Branch({0xe9}, recipe.patch_end());
  }
  writer_.Finish(recipe);
  return recipe;
}

std::string Relocator::Displace() {
  size_t at = skipped_ + displaced_;
  size_t own_size = code_.end - code_.entry;
  if (at >= own_size) {
    return flow_ended_ ? DisplacePadding(at) : "it runs on into the next function";
  }
  auto bytes = code_.bytes.subspan(std::min(at, code_.bytes.size()));
  auto instruction = DecodeInstruction(bytes);
  if (!instruction) {
    return fmt::format("no instruction at +0x{:x}", at);
  }
  if (flow_ended_ && !instruction->nop) {
    return fmt::format("its flow ends before +0x{:x}, within the patch, and other code follows",
                       at);
  }
  if (at + instruction->size > own_size) {
    return fmt::format("its symbol ends inside the instruction at +0x{:x}", at);
  }
  displaced_ += instruction->size;
  if (flow_ended_) {
    return "";
  }
  flow_ended_ = instruction->EndsFlow();
  return Mend(*instruction, bytes.first(instruction->size), code_.entry + at + instruction->size);
}

std::string Relocator::DisplacePadding(size_t at) {
  size_t room = code_.limit - code_.entry;
  auto bytes = code_.bytes.first(std::min(room, code_.bytes.size()));
  auto instruction = DecodeInstruction(bytes.subspan(std::min(at, bytes.size())));
  if (!instruction || !instruction->nop) {
    return fmt::format("too short: {} bytes and no padding behind them", code_.end - code_.entry);
  }
  displaced_ += instruction->size;
  return "";
}

std::string Relocator::Mend(const Instruction& instruction, std::span<const uint8_t> bytes,
                            uint64_t next) {
  uint64_t target = next + static_cast<uint64_t>(instruction.displacement);
  switch (instruction.kind) {
    case Instruction::Kind::kUnrelocatable:
      return fmt::format(
          "an instruction that works only in its place (loop, jrcxz, xbegin) at "
          "+0x{:x}",
          next - bytes.size() - code_.entry);
    case Instruction::Kind::kConditional:
      writer_.Branch({0x0f, static_cast<uint8_t>(0x80 | (instruction.opcode & 0x0f))}, target);
      return "";
    case Instruction::Kind::kJump:
      writer_.Branch({0xe9}, target);
      return "";
    case Instruction::Kind::kCall:
      writer_.PushAddress(next);
      writer_.Branch({0xe9}, target);
      returns_to_original_ = true;
      return "";
    case Instruction::Kind::kIndirectCall: {
      if (displaced_ < kJumpSize) {
        return fmt::format("a call returns into the displaced bytes at +0x{:x}",
                           next - code_.entry);
      }
      if (instruction.rsp_operand) {
        return "a call in the prologue goes by way of the stack";
      }
      writer_.PushAddress(next);
      std::vector<uint8_t> jump(bytes.begin(), bytes.end());
      uint8_t& modrm = jump[instruction.modrm_at];  // FF /2 is call, FF /4 is jmp
      modrm = static_cast<uint8_t>((modrm & 0xc7) | 4 << 3);
      CopyMended(instruction, jump, next);
      returns_to_original_ = true;
      return "";
    }
    case Instruction::Kind::kPlain:
    case Instruction::Kind::kIndirectJump:
    case Instruction::Kind::kEnd:
      CopyMended(instruction, {bytes.begin(), bytes.end()}, next);
      return "";
  }
  return "";
}

void Relocator::CopyMended(const Instruction& instruction, std::vector<uint8_t> bytes,
                           uint64_t next) {
  size_t begin = writer_.size();
  writer_.Copy(bytes);
  if (instruction.rip_operand) {
    writer_.Relative(begin + instruction.displacement_at, begin + instruction.size,
                     next + static_cast<uint64_t>(instruction.displacement));
  }
}

}  // namespace

bool operator==(const HookRecipe& a, const HookRecipe& b) {
  auto same = [](const PlanFixup& x, const PlanFixup& y) {
    return std::tie(x.position, x.kind, x.next, x.target) ==
           std::tie(y.position, y.kind, y.next, y.target);
  };
  return std::tie(a.entry, a.patch_at, a.displaced, a.original, a.trampoline) ==
             std::tie(b.entry, b.patch_at, b.displaced, b.original, b.trampoline) &&
         std::equal(a.fixups.begin(), a.fixups.end(), b.fixups.begin(), b.fixups.end(), same);
}

std::variant<HookRecipe, Refusal> RelocatePrologue(const FunctionCode& code) {
  return Relocator(code).Run();
}

}  // namespace faultline
