#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "harness/store/records.h"

// Values that a store's tests fill it with.
namespace faultline::testkit {

// A file name of its own, gone with its directory.
class StoreFile {
 public:
  StoreFile() {
    std::string name = (std::filesystem::temp_directory_path() / "flstoreXXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("mkdtemp");
    }
    directory_ = name;
  }
  ~StoreFile() { std::filesystem::remove_all(directory_); }
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;

  std::filesystem::path path() const { return directory_ / "s.db"; }

 private:
  std::filesystem::path directory_;
};

inline StoredEnvironment AnEnvironment() {
  return {"start", "start.yaml", "scenario-1", "reference", "/bin/target", "aaaa", "here", "0.1"};
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
  return {signature, signature.substr(0, signature.find(':')), "title of " + signature, "", 1, "[]",
          "[]"};
}

}  // namespace faultline::testkit
