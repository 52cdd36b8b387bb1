#include "harness/run/debugger.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/run/program_lookup.h"

namespace faultline {
namespace {

// Children inherit the signals that the harness blocks; gdb needs Ctrl-C.
class EmptyMaskAttributes {
 public:
  EmptyMaskAttributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~EmptyMaskAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  EmptyMaskAttributes(const EmptyMaskAttributes&) = delete;
  EmptyMaskAttributes& operator=(const EmptyMaskAttributes&) = delete;

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// As one word of a POSIX shell, whatever TMPDIR holds.
std::string ShellWord(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return quoted + "'";
}

constexpr const char* kKilledMark = "gdb-killed";

// What gdb is told, as a file: `commands` and `define` take several lines.
std::string Script(const std::filesystem::path& directory) {
  const std::string killed =
      "\n  shell : > " + ShellWord((directory / kKilledMark).string()) + "\nend\n";
  return "set breakpoint pending on\n"
         "break faultline_injected_call\n"
         // Up to the code that makes the failing call: the caller of what the hooked function jumps
         // to. Where gdb does not find that frame, the agent's stays.
         "commands\n"
         "  select-frame function faultline_stub\n"
         "  up\n"
         "end\n"
         // These end the target, and it is not its own death (see WasKilled).
         "define hookpost-kill" +
         killed + "define hookpost-run" + killed + "define hookpost-start" + killed;
}

// Until the injected call gdb does not stop for "--Type <RET> for more", whatever its user has set:
// it names each library of the target, which are more than a screen has lines.
std::vector<std::string> Arguments(pid_t target, const std::filesystem::path& script,
                                   const std::filesystem::path& fifo) {
  return {"gdb", "-q", "-ex", R"(set $faultline_pagination = $_gdb_setting("pagination"))", "-ex",
          "set pagination off",
          // The harness stopped the target only to let gdb in.
          "-ex", "handle SIGSTOP nostop noprint nopass", "-ex", "attach " + std::to_string(target),
          "-x", script.string(), "-ex", "shell : > " + ShellWord(fifo.string()), "-ex", "continue",
          "-ex", R"(eval "set pagination %d", $faultline_pagination)"};
}

}  // namespace

DebuggerLeft::DebuggerLeft()
    : Failure(ExitCode::kAsExpected, "gdb was left: the run has ended with it, and is not judged") {
}

Debugger::Debugger(pid_t target, const std::filesystem::path& directory)
    : exceptions_(std::uncaught_exceptions()), killed_(directory / kKilledMark) {
  std::filesystem::remove(killed_);
  const std::filesystem::path fifo = directory / "gdb-attached";
  if (::mkfifo(fifo.c_str(), 0600) != 0) {
    throw Failure::FromErrno("cannot make " + fifo.string(), errno);
  }
  const UniqueFd attached(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ::kill(target, SIGSTOP);
  const std::filesystem::path script = directory / "gdb-script";
  std::ofstream(script) << Script(directory);
  Start(target, script, fifo);
  pollfd events[] = {{attached.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}};
  while (::poll(events, 2, -1) < 0 && errno == EINTR) {
  }
  if (events[0].revents == 0) {
    throw Failure::CannotWork("gdb ended before it was attached to the target");
  }
}

void Debugger::Start(pid_t target, const std::filesystem::path& script,
                     const std::filesystem::path& fifo) {
  const std::filesystem::path program = FindInPath("gdb");
  if (program.empty()) {
    throw Failure::CannotWork("gdb is not in PATH: apt-get install gdb");
  }
  std::vector<std::string> arguments = Arguments(target, script, fifo);
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  const EmptyMaskAttributes attributes;
  const int error =
      ::posix_spawn(&pid_, program.c_str(), nullptr, attributes.get(), argv.data(), environ);
  if (error != 0) {
    throw Failure::FromErrno("cannot start " + program.string(), error);
  }
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

bool Debugger::has_ended() const {
  pollfd event = {pidfd_.get(), POLLIN, 0};
  return ::poll(&event, 1, 0) > 0;
}

void Debugger::ThrowLeft() { throw DebuggerLeft(); }

void Debugger::AwaitEnd() {
  pollfd event = {pidfd_.get(), POLLIN, 0};
  while (::poll(&event, 1, -1) < 0 && errno == EINTR) {
  }
}

bool Debugger::WasKilled() const { return std::filesystem::exists(killed_); }

Debugger::~Debugger() {
  if (pid_ > 0) {
    if (std::uncaught_exceptions() > exceptions_) {
      ::kill(pid_, SIGTERM);  // it gives the terminal back as it was
    }
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace faultline
