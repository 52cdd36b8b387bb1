// Unwind tables that are damaged or made up. The agent reads them inside the target, so no read may
// leave the segment that they lie in.

#include <elf.h>

#include <cstring>
#include <span>
#include <vector>

#include "harness/agent/unwind_rule.h"
#include "harness/base/files.h"
#include "harness/base/testing/fuzz.h"

namespace {

// An input: this, then the segment.
struct Start {
  uint32_t header;  // where .eh_frame_hdr begins in the segment
  int32_t pc;       // relative to the segment's begin
};

// The segment of an ELF file that holds its unwind tables, with an address in its code.
std::string Seed(const std::string& elf) {
  Elf64_Ehdr file;
  std::memcpy(&file, elf.data(), sizeof(file));
  std::vector<Elf64_Phdr> segments(file.e_phnum);
  std::memcpy(segments.data(), elf.data() + file.e_phoff, segments.size() * sizeof(Elf64_Phdr));
  uint64_t header = 0;
  uint64_t code = 0;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_GNU_EH_FRAME) {
      header = segment.p_vaddr;
    } else if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0) {
      code = segment.p_vaddr + segment.p_memsz / 2;
    }
  }
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_LOAD && header - segment.p_vaddr < segment.p_memsz) {
      const Start start = {static_cast<uint32_t>(header - segment.p_vaddr),
                           static_cast<int32_t>(code - segment.p_vaddr)};
      return std::string(reinterpret_cast<const char*>(&start), sizeof(start)) +
             elf.substr(segment.p_offset, segment.p_filesz);
    }
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Start start;
  if (size < sizeof(start)) {
    return 0;
  }
  std::memcpy(&start, data, sizeof(start));
  // Copied, so that ASan sees a read beyond either end.
  const std::vector<uint8_t> segment(data + sizeof(start), data + size);
  const uint8_t* begin = segment.data();
  if (start.header <= segment.size()) {
    const uint64_t pc =
        reinterpret_cast<uint64_t>(begin) + static_cast<uint64_t>(int64_t{start.pc});
    faultline::agent::FindUnwindRule({begin, begin + segment.size(), begin + start.header}, pc);
  }
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  std::vector<std::string> seeds;
  for (const char* file : {"/bin/true", "/lib/x86_64-linux-gnu/libdl.so.2"}) {
    if (const auto elf = ReadFile(file)) {
      seeds.push_back(Seed(*elf));
    }
  }
  return seeds;
}
