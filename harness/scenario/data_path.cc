#include "harness/scenario/data_path.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr char kExtension[] = ".yaml";

fs::path Normal(const fs::path& path) {
  fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

// Files NAME.yaml directly in `dir`, sorted; none when there is no such directory.
std::vector<fs::path> FilesIn(const fs::path& dir) {
  std::vector<fs::path> files;
  std::error_code error;
  const fs::directory_iterator entries(dir, error);
  Failure::ThrowIfOutOfDescriptors("cannot look into " + dir.string(), error.value());
  for (const auto& entry : entries) {
    if (entry.path().extension() == kExtension) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool IsIn(const std::vector<fs::path>& paths, const fs::path& path) {
  return std::any_of(paths.begin(), paths.end(), [&](const fs::path& one) {
    std::error_code ignored;
    return one == path || fs::equivalent(one, path, ignored);
  });
}

bool IsRegular(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) && !fs::is_directory(path, ignored);
}

}  // namespace

bool IsFilePath(const std::string& name) {
  return name.starts_with("/") || name.starts_with("./") || name.starts_with("../") ||
         (name.ends_with(kExtension) && name.find('/') == std::string::npos);
}

fs::path ResolvePath(const std::string& name, const SourcePosition& asked_at) {
  const fs::path base =
      asked_at.file == nullptr ? fs::current_path() : fs::absolute(*asked_at.file).parent_path();
  return Normal(base / name);
}

DataPath::DataPath(const fs::path& dir) : DataPath(std::vector<fs::path>{dir}) {}

DataPath::DataPath(std::vector<fs::path> dirs) {
  for (const fs::path& dir : dirs) {
    if (const fs::path normal = Normal(dir); !IsIn(dirs_, normal)) {
      dirs_.push_back(normal);
    }
  }
}

std::string DataPath::ToString() const {
  std::string text;
  for (size_t i = 0; i < dirs_.size(); ++i) {
    text += i == 0 ? "" : i + 1 == dirs_.size() ? " or " : ", ";
    text += dirs_[i].string();
  }
  return text;
}

DataPath DataPath::Beside(const fs::path& file) const {
  if (file.empty()) {
    return *this;
  }
  fs::path dir = Normal(file).parent_path();
  const std::string name = dir.filename();
  for (const DataKind kind :
       {DataKind::kProfile, DataKind::kCatalogue, DataKind::kSteps, DataKind::kBaseline}) {
    if (name == DirectoryOf(kind)) {
      dir = dir.parent_path();
      break;
    }
  }
  DataPath path = *this;
  if (!IsIn(dirs_, dir)) {
    path.dirs_.insert(path.dirs_.begin(), dir);
  }
  return path;
}

std::optional<fs::path> DataPath::Find(DataKind kind, const std::string& name,
                                       const SourcePosition& asked_at, Diagnostics& diagnostics,
                                       const std::vector<fs::path>& not_these) const {
  if (IsFilePath(name)) {
    const fs::path file = ResolvePath(name, asked_at);
    if (IsRegular(file)) {
      return file;
    }
    std::vector<std::string> known;
    for (const fs::path& other : FilesIn(file.parent_path())) {
      known.push_back(other.filename());
    }
    const std::string near = NearestWord(file.filename().string(), known);
    diagnostics.Add(asked_at,
                    fmt::format("there is no {} {}{}", NameOf(kind), file.string(),
                                near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
    return std::nullopt;
  }
  for (const fs::path& dir : dirs_) {
    const std::string file_name = name + kExtension;
    const fs::path own = dir / DirectoryOf(kind) / file_name;
    if (IsRegular(own) && !IsIn(not_these, own)) {
      return own;
    }
    const fs::path flat = dir / file_name;
    if (IsRegular(flat) && !IsIn(not_these, flat) && KindOfFile(flat) == kind) {
      return flat;
    }
  }
  std::vector<std::string> known;
  for (const Entry& entry : All(kind)) {
    known.push_back(entry.name);
  }
  diagnostics.Add(asked_at, fmt::format("unknown {} `{}`; expected a file {}/NAME.yaml below {}{}",
                                        NameOf(kind), name, DirectoryOf(kind), ToString(),
                                        DidYouMean(name, known)));
  return std::nullopt;
}

std::vector<DataPath::Entry> DataPath::All(DataKind kind) const {
  std::vector<Entry> entries;
  std::set<std::string> seen;
  const auto add = [&](const fs::path& file) {
    std::string name = file.stem();
    const bool is_new = seen.insert(name).second;
    entries.push_back({std::move(name), file, !is_new});
  };
  for (const fs::path& dir : dirs_) {
    for (const fs::path& file : FilesIn(dir / DirectoryOf(kind))) {
      add(file);
    }
    for (const fs::path& file : FilesIn(dir)) {
      if (KindOfFile(file) == kind) {
        add(file);
      }
    }
  }
  return entries;
}

}  // namespace faultline
