#include "harness/planner/cache_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "harness/base/files.h"
#include "harness/protocol/layout.h"
#include "planner_version.h"

namespace faultline {
namespace {

struct Header {
  uint64_t magic = 0x45484341434c4146u;  // "FALCACHE"
  // Changes with the planner's sources: another planner may answer differently.
  uint64_t planner_version = kPlannerSourceVersion;
  uint64_t checksum = 0;
};

constexpr size_t kMostFiles = 64;  // about 0.3 MB each

uint64_t Checksum(std::string_view bytes) {
  uint64_t hash = bytes.size();
  while (!bytes.empty()) {
    uint64_t word = 0;
    size_t size = std::min(bytes.size(), sizeof(word));
    std::memcpy(&word, bytes.data(), size);
    hash = protocol::HashMix(hash, word);
    bytes.remove_prefix(size);
  }
  return hash;
}

void RemoveOldest(const std::filesystem::path& directory, const std::filesystem::path& extension) {
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> files;
  std::error_code error;  // another process may remove them at the same time
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == extension) {
      files.emplace_back(entry.last_write_time(error), entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (size_t i = 0; i + kMostFiles < files.size(); ++i) {
    std::filesystem::remove(files[i].second, error);
  }
}

}  // namespace

std::optional<std::string> ReadCacheFile(const std::filesystem::path& file) {
  struct stat status;
  if (stat(file.c_str(), &status) != 0 || status.st_uid != geteuid() ||
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return std::nullopt;
  }
  auto content = ReadFile(file);
  Header header;
  if (!content || content->size() < sizeof(header)) {
    return std::nullopt;
  }
  std::memcpy(&header, content->data(), sizeof(header));
  content->erase(0, sizeof(header));
  if (header.magic != Header().magic || header.planner_version != Header().planner_version ||
      header.checksum != Checksum(*content)) {
    return std::nullopt;
  }
  return content;
}

void WriteCacheFile(const std::filesystem::path& file, std::string_view body) {
  Header header;
  header.checksum = Checksum(body);
  std::string content(reinterpret_cast<const char*>(&header), sizeof(header));
  content += body;
  std::error_code error;
  bool is_new = !std::filesystem::exists(file, error);
  WriteCacheFileAtomically(file, content);
  if (is_new) {
    RemoveOldest(file.parent_path(), file.extension());
  }
}

}  // namespace faultline
