#include "harness/planner/record_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "harness/base/failure.h"
#include "harness/planner/cache_file.h"
#include "harness/planner/symbol_resolver.h"

namespace faultline {
namespace {

constexpr size_t kMostNames = 20'000;  // beyond it the cache starts anew with what is asked for

bool IsUnchanged(const ModuleRecord& record, const FileIdentity& identity,
                 DirectoryCheck& directories) {
  return record.identity == identity &&
         ExistingDebugFiles(record, directories) == record.debug_files;
}

// A record for a file that is known under another path or time: a copy, a reinstallation.
const ModuleRecord* FindSameContent(const RecordSet& records, const ModuleRecord& file) {
  for (const ModuleRecord& record : records.modules) {
    if (file.build_id.size > 0 && record.build_id == file.build_id &&
        record.identity.size == file.identity.size && record.has_symtab == file.has_symtab &&
        record.debug_files == file.debug_files &&
        NeverPatched(record.base_name()).empty() == NeverPatched(file.base_name()).empty()) {
      return &record;
    }
  }
  return nullptr;
}

// What `path` answers to `asked`; taken over from `known` where its content is there.
ModuleRecord MakeRecord(const std::filesystem::path& path, const SymbolQuery& asked,
                        const RecordSet& known, DirectoryCheck& directories) {
  ElfImage image = ElfImage::Open(path);
  ModuleRecord record = DescribeModule(image, directories);
  if (const ModuleRecord* same = FindSameContent(known, record)) {
    record.hooks = same->hooks;
    record.ranges = same->ranges;
    record.tls = same->tls;
  } else {
    ResolveSymbols(image, asked, record);
  }
  return record;
}

size_t NamesIn(const SymbolQuery& query) {
  return query.hooks.size() + query.ranges.size() + query.tls.size();
}

}  // namespace

std::filesystem::path RecordCache::FileOf(const std::filesystem::path& program) const {
  ElfFile file = ElfFile::Open(program);
  std::string name;
  for (size_t i = 0; i < file.build_id().size; ++i) {
    name += fmt::format("{:02x}", file.build_id().bytes[i]);
  }
  if (name.empty()) {
    name = fmt::format("path-{:016x}", protocol::HashText(program.string()));
  }
  return directory_ / (name + ".records");
}

std::vector<ModuleRecord> RecordCache::Records(const std::vector<std::filesystem::path>& modules,
                                               const SymbolQuery& query) {
  std::filesystem::path file = directory_.empty() ? "" : FileOf(modules.front());
  auto body = directory_.empty() ? std::nullopt : ReadCacheFile(file);
  RecordSet known = body ? DecodeRecords(*body).value_or(RecordSet{}) : RecordSet{};
  SymbolQuery missing = query.Without(known.asked);
  bool changed = !missing.empty();
  if (NamesIn(known.asked) + NamesIn(missing) > kMostNames) {
    known = {};
    missing = query;
  }
  known.asked.Add(missing);

  std::unordered_map<std::string, ModuleRecord*> by_path;
  for (ModuleRecord& record : known.modules) {
    by_path[record.path] = &record;
  }
  std::vector<ModuleRecord> records;
  DirectoryCheck directories;
  for (const auto& path : modules) {
    auto identity = FileIdentity::Of(path);
    if (!identity) {
      throw Failure::CannotWork(fmt::format("{}: no such file", path.string()));
    }
    auto found = by_path.find(path.string());
    if (found != by_path.end() && IsUnchanged(*found->second, *identity, directories)) {
      records.push_back(*found->second);
      if (!missing.empty()) {
        ElfImage image = ElfImage::Open(path);
        ResolveSymbols(image, missing, records.back());
      }
    } else {
      // Old records do not answer the missing names: nothing to take over then.
      records.push_back(
          MakeRecord(path, known.asked, missing.empty() ? known : RecordSet{}, directories));
      changed = true;
    }
  }
  if (changed && !directory_.empty()) {
    // Records of modules that were not asked for now answer all names only when no name is new.
    RecordSet stored{known.asked, records};
    if (missing.empty()) {
      for (ModuleRecord& record : known.modules) {
        bool current = std::find(modules.begin(), modules.end(), record.path) != modules.end();
        if (!current) {
          stored.modules.push_back(std::move(record));
        }
      }
    }
    WriteCacheFile(file, EncodeRecords(stored));
  }
  return records;
}

}  // namespace faultline
