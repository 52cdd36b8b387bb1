#include "harness/planner/module_record.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "harness/symbols/debug_file.h"

namespace faultline {
namespace {

std::set<std::string> Difference(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

}  // namespace

std::optional<FileIdentity> FileIdentity::Of(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return FileIdentity{status.st_dev, status.st_ino, static_cast<uint64_t>(status.st_size),
                      Nanoseconds(status.st_mtim), Nanoseconds(status.st_ctim)};
}

void SymbolQuery::Add(const SymbolQuery& other) {
  hooks.insert(other.hooks.begin(), other.hooks.end());
  ranges.insert(other.ranges.begin(), other.ranges.end());
  tls.insert(other.tls.begin(), other.tls.end());
}

SymbolQuery SymbolQuery::Without(const SymbolQuery& other) const {
  return {Difference(hooks, other.hooks), Difference(ranges, other.ranges),
          Difference(tls, other.tls)};
}

bool DirectoryCheck::Exists(const std::string& directory) {
  const auto known = exists_.find(directory);
  if (known != exists_.end()) {
    return known->second;
  }
  const size_t slash = directory.find_last_of('/');
  const bool below_missing =
      slash != std::string::npos && slash > 0 && !Exists(directory.substr(0, slash));
  struct stat status;
  return exists_[directory] =
             !below_missing && stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::vector<std::pair<std::string, FileIdentity>> ExistingDebugFiles(const ModuleRecord& record,
                                                                     DirectoryCheck& directories) {
  std::vector<std::pair<std::string, FileIdentity>> found;
  if (!record.has_symtab) {
    for (std::string& candidate :
         DebugFileCandidates(record.canonical_path, record.build_id, record.debug_link)) {
      if (!directories.Exists(candidate.substr(0, candidate.find_last_of('/')))) {
        continue;
      }
      if (auto identity = FileIdentity::Of(candidate)) {
        found.emplace_back(std::move(candidate), *identity);
      }
    }
  }
  return found;
}

ModuleRecord DescribeModule(const ElfImage& image, DirectoryCheck& directories) {
  ModuleRecord record;
  record.path = image.path().string();
  record.identity = FileIdentity::Of(image.path()).value_or(FileIdentity{});
  std::error_code error;
  record.canonical_path = std::filesystem::canonical(image.path(), error).string();
  record.build_id = image.build_id();
  record.tls_size = image.tls_size();
  record.has_symtab = image.has_symtab();
  record.has_full_symbols = image.has_full_symbols();
  record.debug_link = image.debug_link();
  record.debug_files = ExistingDebugFiles(record, directories);
  return record;
}

bool IsDynamicLoader(const std::string& base_name) {
  for (const char* loader : {"ld-linux", "ld-musl", "ld.so", "ld-2."}) {
    if (base_name.starts_with(loader)) {
      return true;
    }
  }
  return false;
}

std::string NeverPatched(const std::string& base_name) {
  if (IsDynamicLoader(base_name)) {
    // It runs while the agent is not ready yet and holds its own locks then.
    return "part of the dynamic loader, which is never patched";
  }
  return "";
}

}  // namespace faultline
