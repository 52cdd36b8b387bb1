// faultline-manual DIRECTORY: writes the manual pages of faultline and its sub-commands there.
// Only the build runs it.

#include <filesystem>
#include <string>

#include "harness/base/output_file.h"
#include "tools/command_line.h"
#include "tools/man_page.h"
#include "tools/program_main.h"

namespace faultline {
namespace {

int Main(int argc, char** argv) {
  if (argc != 2) {
    throw Failure::BadInput("usage: faultline-manual DIRECTORY");
  }
  const std::filesystem::path directory = argv[1];
  const CommandLine command_line;
  const CommandDescription program = Describe(command_line.app());
  const auto write = [&](const CommandDescription& command) {
    OutputFile("DIRECTORY", directory / (ManPageName(program, command) + ".1"))
        .Write(ManPage(program, command, FAULTLINE_VERSION));
  };
  write(program);
  for (const CommandDescription& command : program.commands) {
    write(command);
  }
  return static_cast<int>(ExitCode::kAsExpected);
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-manual", argc, argv, faultline::Main);
}
