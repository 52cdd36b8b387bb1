// Programs and libraries that are damaged, cut or made up.

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/testing/fuzz.h"
#include "harness/base/unique_fd.h"
#include "harness/symbols/elf_image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const faultline::UniqueFd fd(memfd_create("fuzzed", MFD_CLOEXEC));
  if (write(fd.get(), data, size) != static_cast<ssize_t>(size)) {
    return 0;
  }
  try {
    const auto image =
        faultline::ElfImage::Open("/proc/self/fd/" + std::to_string(fd.get()), "/no");
    (void)faultline::Interpreter(image.file());
    for (const auto& range : image.code_ranges()) {
      (void)image.Bytes(range);
    }
    for (const auto& function : image.functions()) {
      (void)image.NextEntry(function.address);
      (void)image.Bytes({function.address, function.address + function.size});
    }
  } catch (const faultline::Failure&) {
  }
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  // Small ones of Debian's, stripped; and this program, which has all its symbols, if it is small.
  std::vector<std::string> seeds;
  for (const char* file :
       {"/bin/true", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libdl.so.2"}) {
    if (const auto content = ReadFile(file)) {
      seeds.push_back(*content);
    }
  }
  return seeds;
}
