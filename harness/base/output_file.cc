#include "harness/base/output_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/precious_file.h"
#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel's MAXSYMLINKS

// The number in "/proc/self/fd/1" and its like; -1 for another path. Opening such a link again
// would truncate the file behind it, and fails for a socket.
int OwnDescriptor(const fs::path& path) {
  const std::string text = path.string();
  for (const std::string& directory : {std::string("/proc/self/fd/"), std::string("/dev/fd/"),
                                       "/proc/" + std::to_string(::getpid()) + "/fd/"}) {
    int number = -1;
    if (text.starts_with(directory)) {
      const char* end = text.data() + text.size();
      const auto [stopped, error] = std::from_chars(text.data() + directory.size(), end, number);
      return error == std::errc() && stopped == end ? number : -1;
    }
  }
  return -1;
}

// What open(2) would give a new file: a report is to be sent and published, unlike what we keep for
// ourselves. Not by umask(2), which would change it for other threads for a moment.
mode_t ModeOfNewFile() {
  constexpr std::string_view kKey = "\nUmask:";
  const std::string status = ReadFile("/proc/self/status").value_or("");
  const size_t at = status.find(kKey);
  mode_t mask = 077;
  if (at != std::string::npos) {
    mask = static_cast<mode_t>(std::strtoul(status.c_str() + at + kKey.size(), nullptr, 8));
  }
  return 0666 & ~mask;
}

// A FIFO that nobody reads is waited for. Signals are taken by an Interruption, which is not asked
// meanwhile: here they end the process again.
class SignalsEndUs {
 public:
  SignalsEndUs() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      sigaddset(&set, signal);
    }
    pthread_sigmask(SIG_UNBLOCK, &set, &old_);
  }
  ~SignalsEndUs() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
  SignalsEndUs(const SignalsEndUs&) = delete;
  SignalsEndUs& operator=(const SignalsEndUs&) = delete;

 private:
  sigset_t old_ = {};
};

// Where `path` leads, also when that is not there yet.
fs::path BehindLinks(const std::string& path) {
  std::error_code error;
  fs::path place = fs::absolute(path, error);
  for (int links = 0; links < kMostLinks && fs::is_symlink(fs::symlink_status(place, error));
       ++links) {
    place = place.parent_path() / fs::read_symlink(place, error);
  }
  const fs::path whole = fs::weakly_canonical(place, error);
  return error ? place : whole;
}

bool AreOneFile(const std::string& one, const std::string& other) {
  std::error_code error;
  if (one.empty() || other.empty() || one == "-" || other == "-") {
    return !one.empty() && one == other;
  }
  if (fs::is_character_file(one, error)) {  // /dev/null takes more than one
    return false;
  }
  return BehindLinks(one) == BehindLinks(other) || fs::equivalent(one, other, error);
}

}  // namespace

void RequireDifferentFiles(const std::vector<NamedOutput>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (!AreOneFile(outputs[k].file, outputs[i].file)) {
        continue;
      }
      const std::string where = outputs[i].file == "-" ? "standard output" : outputs[i].file;
      throw Failure::BadInput(outputs[k].option == outputs[i].option
                                  ? outputs[i].option + ": two reports go to " + where
                                  : outputs[k].option + " and " + outputs[i].option +
                                        ": both go to " + where);
    }
  }
}

OutputFile::OutputFile(std::string option, const fs::path& path)
    : option_(std::move(option)), given_(path), path_(fs::absolute(path)) {
  std::error_code error;
  for (int links = 0; links < kMostLinks; ++links) {
    descriptor_ = OwnDescriptor(path_);
    if (descriptor_ >= 0) {
      return;
    }
    if (!fs::is_symlink(fs::symlink_status(path_, error))) {
      break;
    }
    const fs::path next = fs::read_symlink(path_, error);
    if (error) {
      break;
    }
    path_ = path_.parent_path() / next;  // an absolute one stands alone
  }
  error.clear();
  const fs::file_status status = fs::status(path_, error);
  if (fs::is_directory(status) || !path_.has_filename()) {
    throw Failure::BadInput(Problem("it is a directory; expected a file"));
  }
  if (status.type() == fs::file_type::none) {  // symlinks in a circle, too long a name
    throw Failure::BadInput(Problem(error.message()));
  }
  if (!fs::is_directory(path_.parent_path(), error)) {
    throw Failure::BadInput(Problem("there is no directory " + path_.parent_path().string()));
  }
  write_through_ = fs::exists(status) && !fs::is_regular_file(status);
  const std::string_view held = PreciousContent(path_);
  if (held == kProgram || held == kStore) {
    throw Failure::BadInput(Problem(std::string("it is ").append(held) + kNotReplaced));
  }
  // Now, not when the work of hours is done.
  if (is_replaceable() && ::access(path_.parent_path().c_str(), W_OK) != 0) {
    throw Failure::FromErrno(Problem("no file can be made there"), errno);
  }
}

std::string OutputFile::Problem(const std::string& what) const {
  return option_ + " " + given_.string() + ": " + what;
}

void OutputFile::Write(std::string_view content) const {
  if (is_replaceable()) {
    struct stat before {};
    const bool replaces = ::stat(path_.c_str(), &before) == 0;
    WriteFileAtomically(path_, content);
    const mode_t mode = replaces ? before.st_mode & 07777 : ModeOfNewFile();
    if (::chmod(path_.c_str(), mode) != 0) {
      throw Failure::FromErrno(Problem("cannot set its permissions"), errno);
    }
    return;
  }
  const SignalsEndUs ends;
  UniqueFd fd;
  if (descriptor_ >= 0) {
    std::fflush(stdout);  // what was printed before comes before
    fd.reset(::fcntl(descriptor_, F_DUPFD_CLOEXEC, 3));
  } else {
    fd.reset(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  }
  if (!fd) {
    throw Failure::FromErrno(Problem("cannot write it"), errno);
  }
  WriteAll(fd.get(), content, Problem("cannot write it"));
}

}  // namespace faultline
