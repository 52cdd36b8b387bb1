// A store that is damaged or made up.

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/testing/fuzz.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/store/store.h"
#include "harness/store/testing/store_values.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const faultline::testkit::TemporaryDirectory directory;
  const auto file = directory.path() / "fuzzed.db";
  faultline::WriteFileAtomically(file, {reinterpret_cast<const char*>(data), size});
  try {
    faultline::Store store(file, faultline::Store::Mode::kRead);
    store.Environments();
    store.Sites();
    store.Points();
    store.Nondeterministic();
    store.Runs(/*with_evidence=*/true);
    store.Findings();
    store.Confirmations();
    store.FindCensus("all");
    store.Lines();
  } catch (const faultline::Failure&) {
  }
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  const StoreFile file;
  {
    Store store(file.path(), Store::Mode::kCreate);
    Fill(store);
    store.AddRun(ARun("transient:b#1", "tolerated"));
  }
  return {ReadFile(file.path()).value_or("")};
}
