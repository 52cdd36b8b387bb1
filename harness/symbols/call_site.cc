#include "harness/symbols/call_site.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace faultline {
namespace {

// Where an instruction may go on to, as offsets in the function.
struct CodeStep {
  std::optional<size_t> next;
  std::optional<size_t> target;
};

struct Decoded {
  size_t size = 1;
  CodeStep step;
  bool call = false;
  bool indirect = false;  // by a register, or by memory that is no slot of the linker's
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> code) : code_(code) {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  }

  Decoded At(size_t offset) const {
    ZydisDecodedInstruction instruction;
    Decoded decoded;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, nullptr, code_.data() + offset,
                                                    code_.size() - offset, &instruction))) {
      return decoded;  // data, or the end
    }
    decoded.size = instruction.length;
    const bool relative = instruction.raw.imm[0].is_relative != ZYAN_FALSE;
    const auto category = instruction.meta.category;
    decoded.call = category == ZYDIS_CATEGORY_CALL;
    const bool by_slot = instruction.raw.modrm.mod == 0 && instruction.raw.modrm.rm == 5;
    decoded.indirect = decoded.call && !relative && !by_slot;
    const bool branches =
        category == ZYDIS_CATEGORY_COND_BR || category == ZYDIS_CATEGORY_UNCOND_BR;
    if (branches && relative) {
      decoded.step.target =
          offset + instruction.length + static_cast<size_t>(instruction.raw.imm[0].value.s);
    }
    const bool ends = category == ZYDIS_CATEGORY_UNCOND_BR || category == ZYDIS_CATEGORY_RET ||
                      instruction.mnemonic == ZYDIS_MNEMONIC_UD2 ||
                      instruction.mnemonic == ZYDIS_MNEMONIC_HLT;
    if (!ends) {
      decoded.step.next = offset + instruction.length;
    }
    return decoded;
  }

 private:
  std::span<const uint8_t> code_;
  ZydisDecoder decoder_;
};

// Can the function come from `from` to `to`?
bool Reaches(const Reader& reader, size_t size, size_t from, size_t to) {
  std::vector<bool> seen(size);
  std::vector<size_t> open = {from};
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    if (at == to) {
      return true;
    }
    if (at >= size || seen[at]) {
      continue;
    }
    seen[at] = true;
    const CodeStep step = reader.At(at).step;
    for (const std::optional<size_t>& next : {step.next, step.target}) {
      if (next) {
        open.push_back(*next);
      }
    }
  }
  return false;
}

}  // namespace

CallSite ReadCallSite(std::span<const uint8_t> code, size_t return_at) {
  CallSite site;
  const Reader reader(code);
  size_t at = 0;
  Decoded last;
  while (at < return_at && at < code.size()) {
    last = reader.At(at);
    at += last.size;
  }
  if (at != return_at || !last.call) {
    return site;
  }
  site.known = true;
  site.indirect = last.indirect;
  site.in_loop = Reaches(reader, code.size(), return_at, return_at - last.size);
  return site;
}

}  // namespace faultline
