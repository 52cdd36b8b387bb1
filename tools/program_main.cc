#include "tools/program_main.h"

#include <csignal>
#include <exception>
#include <filesystem>
#include <new>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/target/guardian.h"
#include "harness/target/interruption.h"

namespace faultline {
namespace {

// With a limit on the size of files (`ulimit -f`) a write fails, and is told, instead of a SIGXFSZ
// that ends the process.
void IgnoreFileSizeSignal() { std::signal(SIGXFSZ, SIG_IGN); }

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
  return Work(name, argc, argv, body);
}

}  // namespace faultline
