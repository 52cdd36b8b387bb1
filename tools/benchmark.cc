// What Faultline costs, as ratios measured in one run: the variants take turns, so that a machine
// that gets slower or faster meanwhile does so for all of them, and medians are compared.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/report/table.h"
#include "harness/run/executor.h"
#include "harness/run/program_lookup.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/load_scenario.h"
#include "harness/target/clock.h"
#include "harness/target/run_dir.h"
#include "tools/median.h"
#include "tools/program_main.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

// The figures that the project wants; CONTRIBUTING.md says why.
constexpr double kWantedRatioStatic = 1.05;
constexpr double kWantedRatioShared = 1.15;
constexpr double kWantedOverheadMs = 30;

struct Subject {
  std::string name;
  std::string scenario;  // YAML of a start and a stop
  double wanted_ratio = kWantedRatioStatic;
};

std::vector<Subject> Subjects() {
  const std::string head = "faultline: 1\nsteps: [wait_ready]\nsummary: start and stop\nprofile: ";
  return {
      {"reference, static", head + "reference\nvariables: {build: release}\n"},
      {"reference, shared", head + "reference\nvariables: {build: shared}\n", kWantedRatioShared},
      {"dpdk-testpmd", head + "dpdk-testpmd\n", kWantedRatioShared},
      {"spdk_tgt", head + "spdk-tgt\n"}};
}

double MillisecondsOf(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// A rule for each point that can have one, which counts its calls and never hits.
std::vector<Fault> SilentFaults(const std::vector<std::string>& points) {
  std::vector<Fault> faults;
  for (const std::string& point : points) {
    Fault fault;
    fault.id = "silent-" + std::to_string(faults.size());
    fault.point = point;
    fault.first = fault.last = std::numeric_limits<int64_t>::max();
    faults.push_back(std::move(fault));
  }
  return faults;
}

class Measurement {
 public:
  Measurement(const Subject& subject, const fs::path& data_dir, const fs::path& directory)
      : file_(directory / "scenario.yaml"), cache_(directory / "cache") {
    WriteFileAtomically(file_, subject.scenario);
    LoadOptions load;
    load.data = data_dir;
    loaded_ = LoadScenario(file_, load);
    data_dir_ = data_dir;
  }

  ProgramSearch Search() const { return FindProgram(loaded_.profile, "", OwnDirectory()); }

  // Hooks every point and arms a silent rule on as many as have a hook here.
  void Prepare(const fs::path& program) {
    program_ = program;
    RunRequest request = Request();
    request.hook_all_points = true;
    const Evidence evidence = ColdExecutor().Execute(request);
    for (const FaultPoint& point : loaded_.catalogue.points) {
      const bool hooked =
          std::any_of(evidence.hooks.begin(), evidence.hooks.end(), [&](const HookReport& hook) {
            return hook.status == HookReport::Status::kInstalled &&
                   std::find(point.symbols.begin(), point.symbols.end(), hook.symbol) !=
                       point.symbols.end();
          });
      if (hooked && points_.size() < protocol::kMaxRules) {
        points_.push_back(point.name);
      }
    }
  }

  // Start until ready, and stop; in milliseconds.
  double BareLife() const {
    RunRequest request = Request();
    request.observe = false;
    request.trace = false;
    return Life(request);
  }
  double ArmedLife() const {
    RunRequest request = Request();
    request.hook_all_points = true;
    request.faults = SilentFaults(points_);
    return Life(request);
  }

  // The whole command, as a user waits for it.
  double CommandWallMs() const {
    return MillisecondsOf([&] {
      const std::string faultline = OwnDirectory() / "faultline";
      std::vector<std::string> arguments = {faultline,      "--data",        data_dir_,
                                            "--cache",      cache_.string(), "run",
                                            file_.string(), "--program",     program_};
      std::vector<char*> argv;
      for (std::string& argument : arguments) {
        argv.push_back(argument.data());
      }
      argv.push_back(nullptr);
      posix_spawn_file_actions_t actions;
      ::posix_spawn_file_actions_init(&actions);
      ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
      pid_t pid = 0;
      const int error =
          ::posix_spawn(&pid, faultline.c_str(), &actions, nullptr, argv.data(), environ);
      ::posix_spawn_file_actions_destroy(&actions);
      int status = 0;
      if (error != 0 || ::waitpid(pid, &status, 0) != pid || status != 0) {
        throw Failure::CannotWork("`faultline run` did not pass; try it by hand on " +
                                  program_.string());
      }
    });
  }

  size_t armed() const { return points_.size(); }

 private:
  RunRequest Request() const {
    RunRequest request{loaded_.scenario, loaded_.profile, loaded_.catalogue};
    request.program = program_;
    request.agent = RequireAgent(OwnDirectory());
    request.limits_ms = loaded_.scenario.limits_ms;
    request.cache_dir = cache_;
    return request;
  }

  static double Life(const RunRequest& request) {
    const Evidence evidence = ColdExecutor().Execute(request);
    if (evidence.exit.kind != ExitStatus::Kind::kExited || evidence.start_ms == 0) {
      throw Failure::CannotWork(request.program.string() +
                                " did not start and stop: " + evidence.exit.ToString());
    }
    return static_cast<double>(evidence.start_ms + evidence.stop_ms);
  }

  fs::path file_;
  fs::path cache_;
  fs::path data_dir_;
  fs::path program_;
  LoadedScenario loaded_;
  std::vector<std::string> points_;
};

// False when a figure is worse than wanted.
bool Measure(const Subject& subject, const fs::path& data_dir, int rounds, Table& table) {
  const RunDirectory directory;
  Measurement measurement(subject, data_dir, directory.path());
  const ProgramSearch search = measurement.Search();
  if (!search.problem.empty()) {
    PrintResult("{}: left out: {}\n", subject.name, search.problem);
    return true;
  }
  measurement.Prepare(search.program);
  measurement.CommandWallMs();  // fills the caches
  std::vector<double> bare;
  std::vector<double> armed;
  std::vector<double> command;
  for (int round = 0; round < rounds; ++round) {
    bare.push_back(measurement.BareLife());
    armed.push_back(measurement.ArmedLife());
    command.push_back(measurement.CommandWallMs());
  }
  const double ratio = Median(armed) / Median(bare);
  const double overhead_ms = Median(command) - Median(bare);
  const bool good = ratio <= subject.wanted_ratio && overhead_ms <= kWantedOverheadMs;
  table.AddRow({subject.name, fmt::format("{:.0f}", Median(bare)),
                fmt::format("{:.0f}", Median(armed)), std::to_string(measurement.armed()),
                fmt::format("{:.3f} (<= {:.2f})", ratio, subject.wanted_ratio),
                fmt::format("{:.0f} (<= {:.0f})", overhead_ms, kWantedOverheadMs),
                good ? "as wanted" : "WORSE"});
  return good;
}

int Main(int argc, char** argv) {
  CLI::App app(
      "What Faultline costs: the armed agent against the bare target, and `faultline run` "
      "against the target alone. FAULTLINE_SPDK_TGT names a spdk_tgt to measure too.");
  int rounds = 15;
  std::string data;
  std::string only;
  app.add_option("--rounds", rounds, "measurements of each variant")->check(CLI::Range(1, 1000));
  app.add_option("--data", data, "as faultline's")->type_name("DIR");
  app.add_option("--only", only, "the subjects whose name contains this")->type_name("TEXT");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kBadInput);
  }
  const fs::path data_dir = data.empty() ? FindData().shipped() : fs::path(data);
  Table table({"start + stop", "bare ms", "armed ms", "rules", "ratio", "run's overhead ms", ""});
  bool good = true;
  for (const Subject& subject : Subjects()) {
    if (subject.name.find(only) != std::string::npos) {
      good &= Measure(subject, data_dir, rounds, table);
    }
  }
  PrintResult("{}", table.ToString());
  return good ? 0 : 1;
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-benchmark", argc, argv, faultline::Main);
}
