// Every kind of data file: scenario, profile, catalogue, steps, baseline.

#include <filesystem>

#include "harness/base/files.h"
#include "harness/base/testing/fuzz.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/scenario/lint.h"
#include "harness/scenario/load_baseline.h"

namespace fs = std::filesystem;
using faultline::Diagnostics;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const faultline::testkit::TemporaryDirectory directory;
  static const fs::path data_dir = FAULTLINE_SOURCE_DIR "/harness/scenario/testdata/data";
  static const char* const kDirectories[] = {"scenarios", "profiles", "catalogue", "steps"};
  const std::string text(reinterpret_cast<const char*>(data), size);
  // The kind of a file is its directory's name.
  const fs::path file =
      directory.path() / kDirectories[size % std::size(kDirectories)] / "fuzzed.yaml";
  faultline::WriteFileAtomically(file, text);
  (void)faultline::LintFile(file, {data_dir, "", {}}).ToString();
  Diagnostics diagnostics;
  faultline::LoadBaseline(file, diagnostics);
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  std::vector<std::string> seeds = FilesBelow(FAULTLINE_SOURCE_DIR "/scenarios", ".yaml");
  for (std::string& seed : FilesBelow(FAULTLINE_SOURCE_DIR "/harness/scenario/testdata", ".yaml")) {
    seeds.push_back(std::move(seed));
  }
  return seeds;
}
