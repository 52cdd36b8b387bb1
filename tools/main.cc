// The command line. ProgramMain alone turns a Failure into text and an exit code.

#include "tools/command_line.h"
#include "tools/program_main.h"

namespace faultline {
namespace {

int Main(int argc, char** argv) { return CommandLine().Run(argc, argv); }

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline", argc, argv, faultline::Main);
}
