#include "harness/run/dead_end.h"

#include <algorithm>

#include "harness/base/failure.h"
#include "harness/oracle/blame.h"
#include "harness/planner/instruction.h"
#include "harness/symbols/function_name.h"

namespace faultline {
namespace {

// The last function that begins at or before `address` and reaches beyond it; nullptr when none is
// known.
const FunctionSymbol* FunctionAt(const ElfImage& image, uint64_t address) {
  const std::vector<FunctionSymbol>& functions = image.functions();
  auto behind = std::upper_bound(
      functions.begin(), functions.end(), address,
      [](uint64_t at, const FunctionSymbol& function) { return at < function.address; });
  if (behind == functions.begin()) {
    return nullptr;
  }
  const FunctionSymbol& function = *--behind;
  return address - function.address < function.size ? &function : nullptr;
}

bool IsSplitOff(std::string_view name) {
  return SplitFunctionName(name).part == FunctionName::Part::kCold ||
         name.find(".part.") != std::string_view::npos;
}

bool IsReturn(const Instruction& instruction) {
  return instruction.kind == Instruction::Kind::kEnd &&
         (instruction.opcode == 0xc3 || instruction.opcode == 0xc2);
}

}  // namespace

bool IsDeadEnd(const ElfImage& image, uint64_t address) {
  const FunctionSymbol* function = FunctionAt(image, address);
  if (function == nullptr || IsSplitOff(function->name)) {
    return false;
  }
  const AddressRange range{function->address, function->address + function->size};
  const std::span<const uint8_t> code = image.Bytes(range);
  for (size_t at = 0; at < code.size();) {
    const std::optional<Instruction> instruction = DecodeInstruction(code.subspan(at));
    if (!instruction) {
      return false;
    }
    using Kind = Instruction::Kind;
    const size_t next = at + instruction->size;
    const bool jumps = instruction->kind == Kind::kJump || instruction->kind == Kind::kConditional;
    const uint64_t target = range.begin + next + static_cast<uint64_t>(instruction->displacement);
    const bool goes_on_forward = target >= range.begin + next && range.Contains(target);
    if (IsReturn(*instruction) || instruction->kind == Kind::kIndirectJump ||
        instruction->kind == Kind::kUnrelocatable || (jumps && !goes_on_forward)) {
      return false;
    }
    at = next;
  }
  return !code.empty();
}

void MarkDeadEnds(const std::vector<RawFrame>& raw, std::vector<Stack>& named) {
  for (size_t i = 0; i < raw.size() && i < named.size(); ++i) {
    if (named[i].empty() || IsMachinery(named[i].back())) {
      continue;
    }
    try {
      const uint64_t address = raw[i].offset - (raw[i].is_return_address ? 1 : 0);
      if (!IsDeadEnd(ElfImage::Open(raw[i].module_path), address)) {
        return;
      }
    } catch (const Failure&) {
      return;  // the file has gone: the frame is told as any other
    }
    for (Frame& frame : named[i]) {
      frame.ends_process = true;
    }
  }
}

}  // namespace faultline
