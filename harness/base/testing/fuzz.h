#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// What a fuzz target X_fuzz.cc defines. It is linked with libFuzzer by the preset `fuzz` (clang,
// ASan and UBSan; https://llvm.org/docs/LibFuzzer.html), and with fuzz_main.cc elsewhere, so that a
// short run of each is a test of every build.

// One input. Whatever the bytes are, the code under test returns or throws faultline::Failure,
// which the target catches; anything else is a defect.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace faultline::testkit {

// Well-formed inputs that mutations start from. Called once.
std::vector<std::string> FuzzSeeds();

// The contents of the regular files at or below `root` with this extension (".yaml"), sorted by
// path. For FuzzSeeds.
std::vector<std::string> FilesBelow(const std::string& root, const std::string& extension);

}  // namespace faultline::testkit
