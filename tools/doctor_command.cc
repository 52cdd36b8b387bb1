#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/run/program_lookup.h"
#include "tools/command.h"
#include "tools/json_output.h"
#include "tools/machine_check.h"

namespace faultline {
namespace {

constexpr char kDoctorExamples[] =
    "Examples:\n"
    "  faultline doctor\n"
    "  faultline doctor --program build/bin/spdk_tgt --json doctor.json\n"
    "Exit code 3 when something is missing without which nothing works.";

using Status = MachineCheck::Status;

const char* Name(Status status) {
  switch (status) {
    case Status::kOk:
      return "ok";
    case Status::kWarn:
      return "warn";
    case Status::kMissing:
      return "missing";
  }
  return "";
}

class DoctorCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "doctor", "Says what this machine lacks and how to get it; changes nothing.");
    app->add_option("--program", program_, "look at this target too")->type_name("PATH");
    json_.Declare(*app, "write the answers as JSON too");
    app->footer(kDoctorExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    json_.Check();
    std::vector<MachineCheck> checks = CheckMachine(OwnDirectory(), CacheDir(global));
    if (!program_.empty()) {
      const auto program = RequireProgram(Profile{}, program_, OwnDirectory());
      const std::vector<MachineCheck> more = CheckProgram(program);
      checks.insert(checks.end(), more.begin(), more.end());
    }
    nlohmann::json json = nlohmann::json::array();
    for (const MachineCheck& check : checks) {
      json_.Tell(fmt::format("{:8} {:16} {}\n", Name(check.status), check.name, check.found));
      if (!check.advice.empty()) {
        json_.Tell(fmt::format("{:25} -> {}\n", "", check.advice));
      }
      json.push_back({{"name", check.name},
                      {"status", Name(check.status)},
                      {"found", check.found},
                      {"advice", check.advice}});
    }
    json_.Write({{"faultline_doctor", 1}, {"checks", json}});
    const bool missing = std::any_of(checks.begin(), checks.end(), [](const MachineCheck& check) {
      return check.status == Status::kMissing;
    });
    return missing ? ExitCode::kCannotWork : ExitCode::kAsExpected;
  }

 private:
  std::string program_;
  JsonOutput json_;
};

}  // namespace

std::unique_ptr<Command> MakeDoctorCommand() { return std::make_unique<DoctorCommand>(); }

}  // namespace faultline
