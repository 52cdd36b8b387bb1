#include "tools/program_main.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/target/guardian.h"
#include "harness/target/interruption.h"

namespace faultline {
namespace {

// With a limit on the size of files (`ulimit -f`) a write fails, and is told, instead of a SIGXFSZ
// that ends the process.
void IgnoreFileSizeSignal() { std::signal(SIGXFSZ, SIG_IGN); }

// Threads too get as much as the limit says. Below this our own would end in SIGSEGV.
void RequireStack(const char* name) {
  constexpr rlim_t kLeast = 512 << 10;
  rlimit limit = {};
  if (::getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < kLeast) {
    PrintMessage("{}: the stack is too small (ulimit -s is {}): expected {} KiB or more\n", name,
                 limit.rlim_cur >> 10, kLeast >> 10);
    std::exit(static_cast<int>(ExitCode::kCannotWork));
  }
}

int Work(const char* name, int argc, char** argv, int (*body)(int argc, char** argv)) {
  try {
    Guardian::Get();
    const int code = body(argc, argv);
    FinishConsole();
    return code;
  } catch (const Interrupted& interrupted) {
    std::fflush(stdout);  // a signal's end does not
    Interruption::EndBySignal(interrupted.signal());
  } catch (const Failure& failure) {
    PrintMessage("{}: {}\n", name, failure.what());
    return static_cast<int>(failure.code());
  } catch (const std::filesystem::filesystem_error& error) {
    PrintMessage("{}: {}: {}\n", name, error.path1().string(), error.code().message());
  } catch (const std::system_error& error) {  // of std::thread
    PrintMessage("{}: cannot start a thread: {} (see ulimit -v and -u)\n", name,
                 error.code().message());
  } catch (const std::bad_alloc&) {
    PrintMessage("{}: out of memory\n", name);
  } catch (const std::exception& error) {
    PrintMessage("{}: unexpected: {}; please report this\n", name, error.what());
  }
  return static_cast<int>(ExitCode::kCannotWork);
}

}  // namespace

int ProgramMain(const char* name, int argc, char** argv, int (*body)(int argc, char** argv)) {
  PrepareConsole();
  IgnoreFileSizeSignal();
  RequireStack(name);
  return Work(name, argc, argv, body);
}

}  // namespace faultline
