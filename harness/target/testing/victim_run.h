#pragma once

#include <string>
#include <vector>

#include "harness/target/event_loop.h"
#include "harness/target/log_watch.h"
#include "harness/target/process.h"
#include "harness/target/run_dir.h"

namespace faultline {

// One victim (testing/victim.cc) under a Process, with its log, for tests.
class VictimRun {
 public:
  struct Options {
    bool terminal = false;
    bool trace = true;
    bool detaches = false;
    const RunSpace* space = nullptr;
    std::filesystem::path working_dir = {};  // "" = a directory of its own
  };

  explicit VictimRun(const std::vector<std::string>& deeds) : VictimRun(deeds, Options{}) {}
  VictimRun(const std::vector<std::string>& deeds, const Options& options);
  ~VictimRun();

  Process& process() { return *process_; }
  const RunDirectory& directory() const { return directory_; }
  // Both give up after 20 s.
  bool WaitForLine(const std::string& pattern);
  bool WaitForExit();
  // After WaitForLine("WORD ([0-9]+)"): the number.
  pid_t Number(const std::string& word) const;
  // All output so far, lines joined with "\n"; after an exit all that is still in the pipe too.
  std::string Output();

 private:
  RunDirectory directory_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<LogWatch> log_;
  EventLoop loop_;
};

// True when no process, not even a zombie, has this id.
bool IsGone(pid_t pid);

}  // namespace faultline
