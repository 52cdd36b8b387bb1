#include "tools/program_main.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "harness/base/failure.h"
#include "harness/target/guardian.h"
#include "harness/target/interruption.h"

namespace faultline {

int ProgramMain(const char* name, int argc, char** argv, int (*body)(int argc, char** argv)) {
  try {
    Guardian::Get();
    return body(argc, argv);
  } catch (const Interrupted& interrupted) {
    Interruption::EndBySignal(interrupted.signal());
  } catch (const Failure& failure) {
    fmt::print(stderr, "{}: {}\n", name, failure.what());
    return static_cast<int>(failure.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: unexpected: {}; please report this\n", name, error.what());
    return static_cast<int>(ExitCode::kCannotWork);
  }
}

}  // namespace faultline
