#include "harness/planner/startup_libraries.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "harness/base/failure.h"
#include "harness/base/program_path.h"
#include "harness/base/unique_fd.h"
#include "harness/planner/byte_stream.h"
#include "harness/planner/cache_file.h"
#include "harness/planner/module_record.h"
#include "harness/symbols/elf_file.h"

namespace faultline {
namespace {

// Environment of this process with `changes` ("NAME=VALUE") put over it, and without LD_PRELOAD
// unless they set it.
std::vector<std::string> Environment(const std::vector<std::string>& changes) {
  std::vector<std::string> result = changes;
  auto name = [](const std::string& entry) { return entry.substr(0, entry.find('=') + 1); };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    bool replaced = text.starts_with("LD_PRELOAD=");
    for (const std::string& change : changes) {
      replaced = replaced || name(change) == name(text);
    }
    if (!replaced) {
      result.push_back(text);
    }
  }
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// What `argv` writes to its standard output and error, and its wait status.
std::string OutputOf(std::vector<std::string> argv, std::vector<std::string> environment,
                     int* wait_status) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw Failure::FromErrno("cannot make a pipe", errno);
  }
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDERR_FILENO);
  pid_t pid = -1;
  int error = posix_spawn(&pid, argv[0].c_str(), &actions, nullptr, Pointers(argv).data(),
                          Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw Failure::FromErrno(fmt::format("cannot start the dynamic loader {}", argv[0]), error);
  }
  write_end.reset();
  std::string output;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = read(read_end.get(), buffer, sizeof(buffer))) > 0 ||
         (size < 0 && errno == EINTR)) {
    output.append(buffer, static_cast<size_t>(std::max<ssize_t>(size, 0)));
  }
  while (waitpid(pid, wait_status, 0) < 0 && errno == EINTR) {
  }
  return output;
}

std::string DescribeEnd(int wait_status) {
  return WIFSIGNALED(wait_status)
             ? fmt::format("it died of SIG{}", sigabbrev_np(WTERMSIG(wait_status)))
             : fmt::format("it ended with exit {}", WEXITSTATUS(wait_status));
}

// Asks the dynamic loader `loader` what it maps for `program`, an absolute path.
std::vector<std::filesystem::path> AskLoader(const std::string& loader,
                                             const std::filesystem::path& program,
                                             const std::vector<std::string>& environment) {
  // As ldd does; --list would give up at the first library that is missing.
  std::vector<std::string> changed = Environment(environment);
  changed.push_back("LD_TRACE_LOADED_OBJECTS=1");
  int wait_status = 0;
  std::string output = OutputOf({loader, program.string()}, changed, &wait_status);
  std::vector<std::filesystem::path> libraries;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    // "\tlibc.so.6 => /lib/libc.so.6 (0x...)", "\t/lib64/ld-linux-x86-64.so.2 (0x...)" (as does a
    // library that is named with its path), "\tlinux-vdso.so.1 (0x...)", "\tlibx.so => not found".
    size_t arrow = line.find(" => ");
    size_t begin = arrow == std::string::npos ? line.find_first_not_of('\t') : arrow + 4;
    size_t end = line.rfind(" (0x");
    if (line.ends_with("=> not found")) {
      throw Failure::CannotWork(fmt::format("{}: the library {} is not found by the dynamic loader",
                                            program.string(), line.substr(1, arrow - 1)));
    }
    if (end != std::string::npos && begin < end && line[begin] == '/') {
      libraries.emplace_back(line.substr(begin, end - begin));
    }
  }
  if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
    const std::string words = output.substr(0, output.find('\n'));
    throw Failure::CannotWork(fmt::format(
        "{}: the dynamic loader cannot list its libraries: {}", program.string(),
        words.empty() ? DescribeEnd(wait_status) + " without a word; is the file damaged?"
                      : words));
  }
  return libraries;
}

// What the loader's answer depends on, besides the libraries themselves.
std::string CacheKey(const std::filesystem::path& program,
                     const std::vector<std::string>& environment) {
  ByteWriter key;
  key.PutText(program.string());
  for (const auto& file : {program, std::filesystem::path("/etc/ld.so.cache")}) {
    key.Put(FileIdentity::Of(file).value_or(FileIdentity{}));
  }
  for (const std::string& entry : Environment(environment)) {
    if (entry.starts_with("LD_") || entry.starts_with("GLIBC_TUNABLES=")) {
      key.PutText(entry);
    }
  }
  return key.bytes();
}

// The libraries of a cache file's body, nullopt when one has changed or the key is another.
std::optional<std::vector<std::filesystem::path>> StillValid(std::string_view body,
                                                             std::string_view key) {
  ByteReader reader(body);
  if (reader.GetText() != key) {
    return std::nullopt;
  }
  std::vector<std::filesystem::path> libraries;
  for (size_t i = reader.GetCount(); i > 0; --i) {
    libraries.emplace_back(reader.GetText());
    if (FileIdentity::Of(libraries.back()) != reader.Get<FileIdentity>()) {
      return std::nullopt;
    }
  }
  return reader.ok() && reader.at_end() ? std::optional(libraries) : std::nullopt;
}

}  // namespace

std::vector<std::filesystem::path> StartupLibraries(const std::filesystem::path& program,
                                                    const std::vector<std::string>& environment,
                                                    const std::filesystem::path& cache_dir) {
  const std::filesystem::path absolute = ExecutedFor(std::filesystem::absolute(program));
  std::string key = CacheKey(absolute, environment);
  std::filesystem::path file =
      cache_dir / fmt::format("{:016x}.libraries", protocol::HashText(absolute.string()));
  if (!cache_dir.empty()) {
    auto body = ReadCacheFile(file);
    auto libraries = body ? StillValid(*body, key) : std::nullopt;
    if (libraries) {
      return *libraries;
    }
  }
  std::string loader = Interpreter(ElfFile::Open(absolute));
  auto libraries = loader.empty() ? std::vector<std::filesystem::path>{}
                                  : AskLoader(loader, absolute, environment);
  if (!cache_dir.empty()) {
    ByteWriter body;
    body.PutText(key);
    body.Put(static_cast<uint32_t>(libraries.size()));
    for (const auto& library : libraries) {
      body.PutText(library.string());
      body.Put(FileIdentity::Of(library).value_or(FileIdentity{}));
    }
    WriteCacheFile(file, body.bytes());
  }
  return libraries;
}

}  // namespace faultline
