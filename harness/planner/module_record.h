#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/planner/planner.h"
#include "harness/planner/relocator.h"
#include "harness/symbols/elf_image.h"

// What the planner knows of one module: the answers to the names it was asked for.
namespace faultline {

// Tells whether a file is still the same without opening it.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;

  // nullopt when there is no such regular file.
  static std::optional<FileIdentity> Of(const std::string& path);
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Names to look for. C names are symbols; C++ names may also be given as BareCxxName makes them.
struct SymbolQuery {
  std::set<std::string> hooks;   // functions to be patched
  std::set<std::string> ranges;  // functions whose code is recognised in call stacks
  std::set<std::string> tls;     // thread-local variables

  bool empty() const { return hooks.empty() && ranges.empty() && tls.empty(); }
  void Add(const SymbolQuery& other);
  SymbolQuery Without(const SymbolQuery& other) const;
};

struct PlannedHook {
  std::string symbol;  // as in the file
  HookRecipe recipe;
};

// A module's functions of one name. Names that it does not define have no answer.
struct HookAnswer {
  std::string name;
  PointCoverage::Status status = PointCoverage::Status::kMissing;
  std::string reason;
  std::string note;
  std::vector<PlannedHook> hooks;
};

struct RangeAnswer {
  std::string name;
  std::vector<AddressRange> ranges;  // with .cold parts and compiler variants
};

struct TlsAnswer {
  std::string name;
  uint64_t offset = 0;  // in the module's TLS block
};

struct ModuleRecord {
  std::string path;  // as it was asked for
  FileIdentity identity;
  std::string canonical_path;
  protocol::BuildId build_id;
  uint64_t tls_size = 0;
  bool has_symtab = false;        // in the file itself; if so no debug file is looked for
  bool has_full_symbols = false;  // there or elsewhere
  std::string debug_link;
  std::vector<std::pair<std::string, FileIdentity>> debug_files;  // candidates that were there
  std::vector<HookAnswer> hooks;
  std::vector<RangeAnswer> ranges;
  std::vector<TlsAnswer> tls;

  std::string base_name() const { return std::filesystem::path(path).filename().string(); }
};

// Which directories there are, each asked of the kernel once: hundreds of modules have the places
// of their debug files in few directories, most of which do not exist.
class DirectoryCheck {
 public:
  // `directory` is absolute. What lies below a missing directory is missing without a question.
  bool Exists(const std::string& directory);

 private:
  std::unordered_map<std::string, bool> exists_;
};

// The candidates of `record` that exist now (see DebugFileCandidates).
std::vector<std::pair<std::string, FileIdentity>> ExistingDebugFiles(const ModuleRecord& record,
                                                                     DirectoryCheck& directories);

// A record of `image` without answers.
ModuleRecord DescribeModule(const ElfImage& image, DirectoryCheck& directories);

bool IsDynamicLoader(const std::string& base_name);

// Why a module is never patched, by its base name; "" when it may be.
std::string NeverPatched(const std::string& base_name);

}  // namespace faultline
