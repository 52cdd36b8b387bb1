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
    store.AddEnvironment(AnEnvironment());
    Store::Census census;
    census.selection = "all";
    census.runs = 2;
    census.sites = {ASite("b", 2), ASite("a", 1)};
    census.nondeterministic = {{"c", "once only"}};
    census.points = {{"libc/memory/malloc", "found", 7}};
    store.AddCensus(census);
    StoredRun run = ARun("transient:a#1");
    run.findings = {AFinding("crash: x")};
    store.AddRun(run, {ASite("z", 9)});
    store.AddRun(ARun("transient:b#1", "tolerated"));
  }
  return {ReadFile(file.path()).value_or("")};
}
