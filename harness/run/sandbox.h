#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/run/cpus.h"
#include "harness/run/executor.h"
#include "harness/run/free_port.h"
#include "harness/run/run_place.h"
#include "harness/scenario/substitute.h"
#include "harness/target/process.h"

namespace faultline {

// Where one target of a run lives: its directory, the values of the run-time names, and how it is
// started there. Everything it makes goes with it, unless the request keeps the directory.
class Sandbox {
 public:
  // Of a run with a single target. Failure when the directory or the hugepages cannot be had.
  // `request` is borrowed.
  explicit Sandbox(const RunRequest& request);
  // The place of a target that is forked from the one in `carrier`: a directory and a network of
  // its own, which the target takes for the carrier's; to be looked at in a SnapshotSpace. In its
  // hugetlbfs is as much room as is left in the carrier's.
  Sandbox(const RunRequest& request, const Sandbox& carrier);
  // Of one of several targets: a directory of its own below the run's, and what it shares with
  // targets whose sandboxes were made before. All is borrowed; `target` is in request.scenario.
  Sandbox(const RunRequest& request, RunPlace& place, const Target& target);

  const std::filesystem::path& run_dir() const { return run_dir_; }
  // Where that of a forked target really is.
  const std::filesystem::path& real_dir() const { return place_->directory().path(); }
  // Of the only target: the CPUs of the run.
  const CpuClaim& cpu() const { return *cpu_; }
  // Of the run's hugetlbfs, as the target sees it; "" = none.
  std::filesystem::path huge_dir() const;
  // Others have it too: what is left there is known when all of them have ended.
  bool others_share_directory() const;
  // The harness's own files, in a directory of this target's alone.
  const std::filesystem::path& private_dir() const { return private_dir_; }
  // It has another target's: what is left there is that one's.
  bool shares_directory() const { return shares_.contains("run_dir"); }
  // Those of one start of the target (plan, journal, log); each start has a directory of its own.
  const std::filesystem::path& life_dir() const { return life_dir_; }
  void BeginLife();
  const std::filesystem::path& rpc_socket() const { return rpc_socket_; }
  // Where the harness connects to it, see RunSpace::FromOutside.
  std::filesystem::path rpc_address() const { return space().FromOutside(rpc_socket_); }
  // Values for ExpandForRun; `pid` is among them after SetPid.
  const Variables& variables() const { return variables_; }
  void SetPid(pid_t pid);
  // The target takes itself for this process: SetPid sets this one.
  void KnowAs(pid_t pid) { known_as_ = pid; }
  // What a step has saved: `name` is a run-time name from now on.
  void Save(const std::string& name, const nlohmann::json& value);
  const std::map<std::string, nlohmann::json>& saved() const { return place_->saved(); }
  // The namespaces of all that the run starts.
  const RunSpace& space() const { return place_->space(); }
  // What lies in the run's hugetlbfs and is this target's: all of it, when there is no other.
  std::vector<std::string> HugepageFiles() const;

  // How to start the target: argv, environment, resources; without the agent.
  SpawnOptions TargetOptions() const;
  // Environment of the scenario's own commands: the target's, without what is preloaded into it.
  std::map<std::string, std::string> CommandEnvironment() const;

  // Remembers what is in run_dir() now: what comes later was made by the target.
  void MarkBefore();
  // What the target left in run_dir(), as "file NAME", "socket NAME" or "mount NAME", with run-time
  // values replaced by their names, sorted.
  std::vector<std::string> LeftInRunDir() const;
  // `text` with the run's own values written as ${name}, so that two runs compare.
  std::string Generalise(std::string text) const;
  // The reverse: ${name} of the run's own values is replaced by the value.
  std::string Specialise(std::string text) const;

  // Leaves the run's directory where it is, with what a small one has in it.
  void Keep();

 private:
  void Begin(const std::string& file_prefix);
  // What another target, whose sandbox is `other`, has, is this one's too.
  void Share(const std::string& thing, const Sandbox& other);
  // "NAME.rpc_socket" and so on, of this one, for all sandboxes of the run.
  void TellOthers(const std::string& name, const std::string& value);
  // `environment` with what profile and scenario give.
  std::map<std::string, std::string> GivenEnvironment(
      std::map<std::string, std::string> environment) const;
  std::vector<std::string> Expand(const std::vector<std::string>& texts) const;
  std::map<std::string, std::string> Entries() const;

  const RunRequest& request_;
  std::unique_ptr<RunPlace> own_place_;  // of a run with a single target
  RunPlace* place_;
  std::string target_;  // "" = the only one
  std::map<std::string, std::string> shares_;
  std::unique_ptr<CpuClaim> cpu_;  // nullptr: another target's
  std::unique_ptr<FreePort> port_;
  std::filesystem::path run_dir_;
  std::filesystem::path private_dir_;
  std::filesystem::path rpc_socket_;
  std::filesystem::path life_dir_;
  int lives_ = 0;
  Variables variables_;
  // Of earlier lives of all targets, and what each is called where it is told: "earlier_pid_1",
  // "NAME.earlier_pid_1".
  std::map<std::string, std::string> earlier_pids_;
  pid_t known_as_ = 0;  // 0 = what it is
  std::set<std::string> before_;
};

// `preload` with `library` added at its end: what is there already (a sanitizer's runtime) must
// come first.
std::string AddPreload(const std::string& preload, const std::filesystem::path& library);

}  // namespace faultline
