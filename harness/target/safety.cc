#include "harness/target/safety.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <tuple>

#include "harness/base/failure.h"
#include "harness/target/elf_facts.h"

namespace faultline {
namespace {

constexpr std::string_view kEalInitSymbol = "rte_eal_init";
constexpr std::string_view kEalLibrary = "librte_eal.so";
constexpr std::string_view kNoPciOption = "--no-pci";
constexpr std::string_view kNoHuge = "--no-huge";
// getopt_long(3) takes any unambiguous beginning of an option; EAL has one that begins like this.
constexpr std::string_view kLegacyMem = "--legacy";

using Args = std::vector<std::string>;

// The end of EAL's arguments: the first "--".
Args::const_iterator EalEnd(const Args& args) { return std::find(args.begin(), args.end(), "--"); }

bool Has(const Args& args, std::string_view wanted) {
  return std::find(args.begin(), EalEnd(args), wanted) != EalEnd(args);
}

// Directories named by /etc/ld.so.conf and the files it includes.
void AddConfigured(const std::string& file, std::vector<std::string>& directories) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    while (words >> word) {
      if (word != "include") {
        directories.push_back(word);
        continue;
      }
      glob_t found = {};
      if (words >> word && glob(word.c_str(), 0, nullptr, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; ++i) {
          AddConfigured(found.gl_pathv[i], directories);
        }
      }
      globfree(&found);
    }
  }
}

std::vector<std::string> LoaderDirectories(const std::string& library_path) {
  std::vector<std::string> directories;
  std::istringstream parts(library_path);
  for (std::string part; std::getline(parts, part, ':');) {
    directories.push_back(part);
  }
  AddConfigured("/etc/ld.so.conf", directories);
  directories.insert(directories.end(), {"/lib64", "/usr/lib64", "/lib", "/usr/lib"});
  return directories;
}

std::filesystem::path FindLibrary(const std::string& name,
                                  const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    std::filesystem::path path = std::filesystem::path(directory) / name;
    if (access(path.c_str(), R_OK) == 0) {
      return path;
    }
  }
  return {};
}

// Follows the libraries that `facts` needs, as the loader does, but with one list of directories
// for all of them: finding one too many is no harm here.
bool LibrariesUseDpdk(ElfFacts facts, const std::string& library_path) {
  std::vector<std::string> directories = LoaderDirectories(library_path);
  std::vector<std::string> to_visit = std::move(facts.needed);
  directories.insert(directories.begin(), facts.run_path.begin(), facts.run_path.end());
  std::set<std::string> visited;
  while (!to_visit.empty()) {
    const std::string name = std::move(to_visit.back());
    to_visit.pop_back();
    if (name.starts_with(kEalLibrary)) {
      return true;
    }
    if (!visited.insert(name).second) {
      continue;
    }
    const ElfFacts library = ReadElfFacts(FindLibrary(name, directories), kEalInitSymbol);
    if (library.names_symbol) {
      return true;
    }
    directories.insert(directories.begin(), library.run_path.begin(), library.run_path.end());
    to_visit.insert(to_visit.end(), library.needed.begin(), library.needed.end());
  }
  return false;
}

Failure Refused(const std::filesystem::path& program, const std::string& why) {
  return Failure::BadInput(fmt::format("{} is not started: {}", program.native(), why));
}

}  // namespace

bool UsesDpdk(const std::filesystem::path& program, const std::string& library_path) {
  const ElfFacts facts = ReadElfFacts(program, kEalInitSymbol);
  if (!facts.is_elf) {
    return false;
  }
  // A stripped static program is known by the prefix of EAL's messages and the name of its option,
  // which getopt_long(3) needs as a string.
  return facts.names_symbol || LibrariesUseDpdk(facts, library_path) ||
         (!facts.has_symtab && FileContains(program, {"EAL: ", kNoPciOption.substr(2)}));
}

// It reads a program's libraries too: remembered, for a script executes the same few programs again
// and again, each stopped until the answer is here.
bool UsesDpdkAsBefore(const std::filesystem::path& program, const std::string& library_path) {
  struct stat info = {};
  if (stat(program.c_str(), &info) != 0) {
    return UsesDpdk(program, library_path);
  }
  static std::mutex mutex;
  static std::map<std::tuple<dev_t, ino_t, int64_t, int64_t, std::string>, bool> known;
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = known.try_emplace(
      {info.st_dev, info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, library_path}, false);
  if (is_new) {
    entry->second = UsesDpdk(program, library_path);
  }
  return entry->second;
}

std::string RefuseMemoryOptions(const Args& args) {
  if (Has(args, kNoHuge)) {
    return "";  // there is nothing to map; SPDK gives EAL both
  }
  const auto legacy = std::find_if(args.begin(), EalEnd(args), [](const std::string& arg) {
    return arg.starts_with(kLegacyMem);
  });
  return legacy == EalEnd(args)
             ? ""
             : *legacy + " would map every free hugepage of the machine; leave it out";
}

void CheckSafeToWatch(const std::filesystem::path& program, const Args& args) {
  if (const std::string refusal = RefuseMemoryOptions(args); !refusal.empty()) {
    throw Refused(program, refusal);
  }
}

void CheckSafeToStart(const std::filesystem::path& program, const Args& args,
                      const Args& required_args, const std::string& library_path) {
  CheckSafeToWatch(program, args);
  for (const std::string& required : required_args) {
    if (!Has(args, required)) {
      throw Refused(
          program,
          fmt::format("its profile requires the argument {}; add it before any \"--\"", required));
    }
  }
  if (!Has(args, kNoPciOption) && UsesDpdkAsBefore(program, library_path)) {
    throw Refused(
        program,
        "it contains DPDK, which without --no-pci takes over the machine's PCI devices, its "
        "network card among them; add --no-pci to its arguments, before any \"--\"");
  }
}

}  // namespace faultline
