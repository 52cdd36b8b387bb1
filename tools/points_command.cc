#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/terminal.h"
#include "harness/planner/planner.h"
#include "harness/planner/startup_libraries.h"
#include "harness/report/table.h"
#include "harness/run/agent_check.h"
#include "harness/run/module_cache.h"
#include "harness/run/program_lookup.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/load_catalogue.h"
#include "harness/scenario/load_profile.h"
#include "tools/command.h"
#include "tools/json_output.h"

namespace faultline {
namespace {

constexpr char kPointsExamples[] =
    "Examples:\n"
    "  faultline points --program build/bin/spdk_tgt --profile spdk-tgt\n"
    "  faultline points --program /usr/bin/dpdk-testpmd --catalogue dpdk --catalogue libc-socket\n"
    "  faultline points --profile dpdk-testpmd --json points.json\n"
    "Libraries that the program loads after its start are known once it was run with `faultline "
    "run`.";

using PointStatus = PointCoverage::Status;

class PointsCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "points", "Says which fault points a program has, and why the others cannot fail in it.");
    app->add_option("--program", program_, "the program (default: the profile's)")
        ->type_name("PATH");
    CLI::Option* profile =
        app->add_option("--profile", profile_, "the catalogues of this profile")->type_name("NAME");
    app->add_option("--catalogue", catalogues_, "these catalogues (repeatable; default: all)")
        ->type_name("NAME")
        ->excludes(profile);
    json_.Declare(*app, "write the list as JSON too");
    app->footer(kPointsExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    json_.Check();
    const DataPath data = FindData(global.data);
    Profile profile;
    if (!profile_.empty()) {
      profile = LoadProfile(data, profile_);
      catalogues_ = profile.catalogues;
    } else if (program_.empty()) {
      throw Failure::BadInput("which program? give --program PATH or --profile NAME");
    } else if (catalogues_.empty()) {
      for (const DataPath::Entry& entry : data.All(DataKind::kCatalogue)) {
        catalogues_.push_back(entry.name);
      }
      std::sort(catalogues_.begin(), catalogues_.end());
      catalogues_.erase(std::unique(catalogues_.begin(), catalogues_.end()), catalogues_.end());
    }
    const Catalogue catalogue =
        LoadCatalogue(profile.file.empty() ? data : data.Beside(profile.file), catalogues_);
    const auto program = RequireProgram(profile, program_, OwnDirectory());
    if (const std::string reason = WhyPreloadFails(program); !reason.empty()) {
      throw Failure::BadInput("nothing can be made to fail in " + program.string() + ": " + reason);
    }
    const Plan plan = MakePlan(Request(profile, catalogue, program, CacheDir(global)));
    json_.Tell(TextOf(plan, catalogue, program));
    json_.Write(ToJson(plan, catalogue, program));
    return ExitCode::kAsExpected;
  }

 private:
  static PlanRequest Request(const Profile& profile, const Catalogue& catalogue,
                             const std::filesystem::path& program,
                             const std::filesystem::path& cache_dir) {
    std::vector<std::string> environment;
    for (const auto& [name, value] : profile.environment) {
      environment.push_back(name + "=" + value);
    }
    PlanRequest request;
    request.program = program;
    request.libraries = StartupLibraries(program, environment, cache_dir);
    for (const auto& module : ModuleCache(cache_dir, ProgramKey(program)).Recall()) {
      request.libraries.push_back(module);
    }
    for (const FaultPoint& point : catalogue.points) {
      request.points.push_back(&point);
    }
    for (const Observer& observer : catalogue.observers) {
      if (observer.same_call_as.empty()) {
        request.observers.push_back(&observer);
      }
    }
    request.catalogue = &catalogue;
    request.cache_dir = cache_dir;
    request.explain_missing = true;
    return request;
  }

  static std::string TextOf(const Plan& plan, const Catalogue& catalogue,
                            const std::filesystem::path& program) {
    Table table({"point", "kind", "symbol", "module", "status", "why", "fails when"});
    std::map<PointStatus, int> counts;
    std::string above;
    for (const PointCoverage& coverage : plan.coverage) {
      ++counts[coverage.status];
      const std::string why = coverage.reason.empty() ? coverage.note : coverage.reason;
      const FaultPoint* point = catalogue.FindPoint(coverage.point);
      // Told once, on the first of a point's functions.
      const bool first = coverage.point != std::exchange(above, coverage.point);
      table.AddRow({coverage.point, KindOf(point), coverage.symbol, coverage.module,
                    ToString(coverage.status), why,
                    point == nullptr || !first ? "" : point->fails_when});
    }
    std::string text =
        fmt::format("{}\n{}:", table.ToString(ProseWidth(STDOUT_FILENO)), program.string());
    for (const PointStatus status :
         {PointStatus::kFound, PointStatus::kInlined, PointStatus::kVariant, PointStatus::kRefused,
          PointStatus::kMissing}) {
      text += fmt::format(" {} {}", counts[status], ToString(status));
    }
    return text + fmt::format("; of {} functions\n", plan.coverage.size());
  }

  static std::string KindOf(const FaultPoint* point) {
    return point == nullptr ? "observer" : ToString(point->kind);
  }

  static nlohmann::json ToJson(const Plan& plan, const Catalogue& catalogue,
                               const std::filesystem::path& program) {
    nlohmann::json points = nlohmann::json::array();
    for (const PointCoverage& coverage : plan.coverage) {
      const FaultPoint* point = catalogue.FindPoint(coverage.point);
      points.push_back({{"point", coverage.point},
                        {"kind", KindOf(point)},
                        {"fails_when", point == nullptr ? "" : point->fails_when},
                        {"symbol", coverage.symbol},
                        {"module", coverage.module},
                        {"status", ToString(coverage.status)},
                        {"reason", coverage.reason},
                        {"note", coverage.note}});
    }
    return {{"faultline_points", 1}, {"program", program.string()}, {"points", points}};
  }

  std::string program_;
  std::string profile_;
  std::vector<std::string> catalogues_;
  JsonOutput json_;
};

}  // namespace

std::unique_ptr<Command> MakePointsCommand() { return std::make_unique<PointsCommand>(); }

}  // namespace faultline
