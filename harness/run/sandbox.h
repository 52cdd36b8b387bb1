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
#include "harness/scenario/substitute.h"
#include "harness/target/machine.h"
#include "harness/target/process.h"
#include "harness/target/run_dir.h"
#include "harness/target/run_space.h"

namespace faultline {

// Where one run happens: its directory, the values of the run-time names, and how the target is
// started there. Everything it makes goes with it, unless the request keeps the directory.
class Sandbox {
 public:
  // Failure when the directory or the hugepages cannot be had. `request` is borrowed.
  explicit Sandbox(const RunRequest& request);

  const std::filesystem::path& run_dir() const { return directory_.path(); }
  // The harness's own files, in a directory below run_dir().
  std::filesystem::path private_dir() const;
  // Those of one start of the target (plan, journal, log); each start has a directory of its own.
  const std::filesystem::path& life_dir() const { return life_dir_; }
  void BeginLife();
  std::filesystem::path rpc_socket() const;
  // Values for ExpandForRun; `pid` is among them after SetPid.
  const Variables& variables() const { return variables_; }
  void SetPid(pid_t pid);
  // What a step has saved: `name` is a run-time name from now on.
  void Save(const std::string& name, const nlohmann::json& value);
  const std::map<std::string, nlohmann::json>& saved() const { return saved_; }
  // The namespaces of all that the run starts.
  const RunSpace& space() const { return *space_; }

  // How to start the target: argv, environment, resources; without the agent.
  SpawnOptions TargetOptions() const;
  // Environment of the scenario's own commands.
  std::map<std::string, std::string> CommandEnvironment() const;

  // Remembers what is in run_dir() now: what comes later was made by the target.
  void MarkBefore();
  // What the target left in run_dir(), as "file NAME" or "socket NAME", with run-time values
  // replaced by their names, sorted.
  std::vector<std::string> LeftInRunDir() const;
  // `text` with the run's own values written as ${name}, so that two runs compare.
  std::string Generalise(std::string text) const;
  // The reverse: ${name} of the run's own values is replaced by the value.
  std::string Specialise(std::string text) const;

  void Keep() { directory_.Keep(); }

 private:
  // `environment` with what profile and scenario give.
  std::map<std::string, std::string> GivenEnvironment(
      std::map<std::string, std::string> environment) const;
  std::vector<std::string> Expand(const std::vector<std::string>& texts) const;
  std::map<std::string, std::filesystem::file_type> Entries() const;

  const RunRequest& request_;
  RunDirectory directory_;
  std::unique_ptr<HugepageReservation> hugepages_;
  CpuClaim cpu_;
  std::unique_ptr<RunSpace> space_;
  std::unique_ptr<FreePort> port_;
  std::filesystem::path life_dir_;
  int lives_ = 0;
  Variables variables_;
  std::map<std::string, nlohmann::json> saved_;
  std::set<std::string> before_;
};

// `preload` with `library` added at its end: what is there already (a sanitizer's runtime) must
// come first.
std::string AddPreload(const std::string& preload, const std::filesystem::path& library);

}  // namespace faultline
