// A harness in miniature, for the test that kills one: makes a run directory, starts a target in
// it, says where both are, and waits to be killed (or ends by itself when told to on stdin).
//
// harness_driver VICTIM traced|untraced LEFTOVER DEED...
#include <unistd.h>

#include <cstdio>
#include <string>

#include "harness/target/event_loop.h"
#include "harness/target/guardian.h"
#include "harness/target/interruption.h"
#include "harness/target/log_watch.h"
#include "harness/target/process.h"
#include "harness/target/run_dir.h"

namespace faultline {
namespace {

void Run(char** argv) {
  Guardian::Get();
  Interruption interruption;
  const RunDirectory directory;
  SpawnOptions options;
  options.program = argv[1];
  options.trace = std::string(argv[2]) == "traced";
  for (char** deed = argv + 4; *deed != nullptr; ++deed) {
    options.args.emplace_back(*deed);
  }
  options.environment = OwnEnvironment();
  options.working_dir = directory.path();
  options.run_id = NewRunId();
  const Guardian::Watch run = Guardian::Get().WatchRun(options.run_id);
  const Guardian::Watch files = Guardian::Get().WatchFiles(argv[3]);
  Process process(options);
  LogWatch log(process.output_fd(), process.start_time());
  EventLoop loop;
  loop.Add(process.output_fd(), [&] {
    if (!log.OnReadable()) {
      loop.Remove(process.output_fd());
    }
  });
  bool told_to_end = false;
  loop.Add(0, [&] { told_to_end = true; });
  loop.Add(interruption.fd(), [&] { interruption.ThrowIfRaised(); });
  const LinePattern ready("hello");
  loop.RunUntil([&] { return log.Find(ready, 0).has_value(); }, kNoDeadline);
  std::printf("dir %s\ntarget %d\nguardian %d\n", directory.path().c_str(), process.pid(),
              Guardian::Get().pid());
  for (const LogLine& line : log.Lines()) {
    std::printf("%s\n", line.text.c_str());
  }
  std::printf("ready\n");
  std::fflush(stdout);
  loop.RunUntil([&] { return told_to_end; }, kNoDeadline);
}

}  // namespace
}  // namespace faultline

int main(int, char** argv) {
  try {
    faultline::Run(argv);
  } catch (const faultline::Interrupted& interrupted) {
    faultline::Interruption::EndBySignal(interrupted.signal());
  }
  return 0;
}
