#include "tools/testing/run_program.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace faultline {
namespace {

[[noreturn]] void Become(const std::vector<std::string>& argv, const TestProgram::Options& options,
                         int output) {
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  for (const auto& [name, value] : options.environment) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  if (options.user && (::setgroups(0, nullptr) != 0 || ::setgid(*options.user) != 0 ||
                       ::setuid(*options.user) != 0)) {
    ::_exit(125);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(126);
}

}  // namespace

TestProgram::TestProgram(const std::vector<std::string>& argv, const Options& options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    ::abort();
  }
  pipe_.reset(ends[0]);
  const UniqueFd output(ends[1]);
  pid_ = ::fork();
  if (pid_ == 0) {
    Become(argv, options, output.get());
  }
}

TestProgram::~TestProgram() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

// False at the end.
bool TestProgram::ReadSome() {
  char buffer[4096];
  const ssize_t count = ::read(pipe_.get(), buffer, sizeof buffer);
  output_.append(buffer, static_cast<size_t>(std::max<ssize_t>(0, count)));
  return count > 0;
}

bool TestProgram::AwaitOutput(const std::string& text) {
  while (output_.find(text) == std::string::npos) {
    if (!ReadSome()) {
      return false;
    }
  }
  return true;
}

int TestProgram::Wait() {
  while (ReadSome()) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace faultline
