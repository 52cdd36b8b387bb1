#include "harness/base/console.h"
#include "harness/store/compare.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "harness/report/table.h"
#include "harness/store/status.h"
#include "tools/command.h"
#include "tools/json_output.h"
#include "tools/store_digest.h"
#include "tools/visit_agreement.h"

namespace faultline {
namespace {

constexpr char kCompareExamples[] =
    "Examples:\n"
    "  faultline compare before.db after.db\n"
    "  faultline compare cold.db snapshots.db --visits\n"
    "Exit code 1 when the second has findings that the first has not: confirmed ones, or crashes "
    "that came at least twice; with --visits also when a visit came to something else, or none is "
    "in "
    "both.";

nlohmann::json GroupsToJson(const std::vector<FindingGroup>& groups) {
  nlohmann::json json = nlohmann::json::array();
  for (const FindingGroup& group : groups) {
    json.push_back({{"id", group.id},
                    {"kind", group.kind},
                    {"status", StatusName(StatusOf(group))},
                    {"title", group.title},
                    {"signature", group.signature},
                    {"runs", group.runs}});
  }
  return json;
}

class CompareCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "compare", "Says which findings are new, fixed or changed between two sweeps.");
    app->add_option("before", before_, "the store of the first sweep")
        ->required()
        ->type_name("BEFORE");
    app->add_option("after", after_, "the store of the second")->required()->type_name("AFTER");
    app->add_flag(
        "--visits", visits_,
        "what came of each visit that both have made, too: outcome, exit, findings; as of "
        "a sweep by snapshots and a cold one");
    json_.Declare(*app, "write the differences as JSON too");
    app->footer(kCompareExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions&) override {
    json_.Check();
    Store before(before_, Store::Mode::kRead);
    Store after(after_, Store::Mode::kRead);
    for (const std::string& note : CheckComparable(before, after)) {
      PrintMessage("note: {}\n", note);
    }
    const Comparison comparison = CompareStores(before, after);
    std::optional<VisitAgreement> visits;
    if (visits_) {
      visits = CompareVisits(before, after);
    }
    json_.Tell(TextOf(comparison) + (visits ? Describe(*visits, "before", "after") : ""));
    json_.Write(ToJson(comparison, visits));
    const bool differs = visits && (visits->compared == 0 || !visits->differences.empty());
    return comparison.has_failing() || differs ? ExitCode::kFindings : ExitCode::kAsExpected;
  }

 private:
  static std::string TextOf(const Comparison& comparison) {
    Table table({"", "finding", "kind", "status", "plans", "what"});
    const auto add = [&](const char* word, const std::vector<FindingGroup>& groups) {
      for (const FindingGroup& group : groups) {
        table.AddRow({word, group.id, group.kind, StatusName(StatusOf(group)),
                      std::to_string(group.runs), group.title});
      }
    };
    add("new", comparison.fresh);
    for (const Comparison::Change& change : comparison.changed) {
      const bool renamed = change.before.signature != change.after.signature;
      table.AddRow({"changed", change.before.id, change.before.kind,
                    StatusName(StatusOf(change.after)),
                    fmt::format("{} > {}", change.before.runs, change.after.runs),
                    change.before.title + "; " + change.how +
                        (renamed ? ": " + change.after.id + " " + change.after.title : "")});
    }
    add("fixed", comparison.fixed);
    add("not visited", comparison.unknown);
    return table.ToString(StdoutWidth()) +
           fmt::format("{} new, {} changed, {} fixed, {} the same, {} not visited\n",
                       comparison.fresh.size(), comparison.changed.size(), comparison.fixed.size(),
                       comparison.same.size(), comparison.unknown.size());
  }

  static nlohmann::json VisitsToJson(const VisitAgreement& visits) {
    nlohmann::json differences = nlohmann::json::array();
    for (const VisitAgreement::Difference& one : visits.differences) {
      differences.push_back(
          {{"plan", one.key}, {"site", one.place}, {"before", one.first}, {"after", one.second}});
    }
    return {{"compared", visits.compared},
            {"only_before", visits.only_first},
            {"only_after", visits.only_second},
            {"differences", differences}};
  }

  static nlohmann::json ToJson(const Comparison& comparison,
                               const std::optional<VisitAgreement>& visits) {
    nlohmann::json changed = nlohmann::json::array();
    for (const Comparison::Change& change : comparison.changed) {
      changed.push_back({{"before", GroupsToJson({change.before})[0]},
                         {"after", GroupsToJson({change.after})[0]},
                         {"how", change.how}});
    }
    nlohmann::json json = {{"faultline_compare", 1},
                           {"new", GroupsToJson(comparison.fresh)},
                           {"changed", changed},
                           {"fixed", GroupsToJson(comparison.fixed)},
                           {"same", GroupsToJson(comparison.same)},
                           {"not_visited", GroupsToJson(comparison.unknown)}};
    if (visits) {
      json["visits"] = VisitsToJson(*visits);
    }
    return json;
  }

  std::string before_;
  std::string after_;
  bool visits_ = false;
  JsonOutput json_;
};

}  // namespace

std::unique_ptr<Command> MakeCompareCommand() { return std::make_unique<CompareCommand>(); }

}  // namespace faultline
