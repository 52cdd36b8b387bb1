#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "harness/base/failure.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/store/records.h"
#include "harness/store/store.h"

// Values that a store's tests fill it with.
namespace faultline::testkit {

// A file name of its own, gone with its directory.
class StoreFile {
 public:
  std::filesystem::path path() const { return directory_.path() / "s.db"; }

 private:
  TemporaryDirectory directory_;
};

// A Failure (kBadInput) whose text contains `text`.
inline auto IsBadInput(const std::string& text) {
  using ::testing::Property;
  return ::testing::Throws<Failure>(
      ::testing::AllOf(Property(&Failure::code, ExitCode::kBadInput),
                       Property(&Failure::what, ::testing::HasSubstr(text))));
}

inline StoredEnvironment AnEnvironment() {
  return {"start", "start.yaml", "scenario-1", "reference", "/bin/target",
          "aaaa",  "here",       "0.1",        "rules-1"};
}

inline StoredSite ASite(const std::string& hash, int64_t position) {
  StoredSite site;
  site.hash = hash;
  site.point = "libc/memory/calloc";
  site.place = "caller_of_" + hash;
  site.stack = "[]";
  site.position = position;
  return site;
}

inline StoredRun ARun(const std::string& key, const std::string& outcome = "finding") {
  StoredRun run;
  run.key = key;
  run.mode = "transient";
  run.site = key;
  run.outcome = outcome;
  run.evidence = "{\"log\":[]}";
  return run;
}

inline StoredFinding AFinding(const std::string& signature) {
  return {signature,
          signature.substr(0, signature.find(':')),
          "title of " + signature,
          "",
          1,
          "[]",
          "[]",
          ""};
}

// One of everything: environment, census, two sites of it and one that a run met, a run with a
// finding.
inline void Fill(Store& store) {
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
}

}  // namespace faultline::testkit
