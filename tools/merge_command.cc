#include "harness/base/console.h"
#include "harness/store/merge.h"

#include <fmt/format.h>

#include "tools/command.h"

namespace faultline {
namespace {

constexpr char kMergeExamples[] =
    "Example:\n"
    "  faultline merge all.db part1.db part2.db part3.db part4.db";

class MergeCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app =
        parent.add_subcommand("merge", "Joins the stores of a sweep's shards into one.");
    app->add_option("out", out_, "the store to join them in; made when it is not there")
        ->required()
        ->type_name("OUT");
    app->add_option("stores", inputs_, "the shards' stores")->required()->type_name("STORE...");
    app->footer(kMergeExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions&) override {
    const MergeResult result = MergeStores(out_, {inputs_.begin(), inputs_.end()});
    PrintResult("{}: {} runs ({} in several stores), {} findings\n", out_, result.runs,
                result.runs_in_several, result.findings);
    return ExitCode::kAsExpected;
  }

 private:
  std::string out_;
  std::vector<std::string> inputs_;
};

}  // namespace

std::unique_ptr<Command> MakeMergeCommand() { return std::make_unique<MergeCommand>(); }

}  // namespace faultline
