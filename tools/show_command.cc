#include "harness/base/console.h"
#include "harness/report/finding_story.h"
#include "tools/command.h"
#include "tools/store_digest.h"
#include "tools/sweep_content.h"

namespace faultline {
namespace {

constexpr char kShowExamples[] =
    "Examples:\n"
    "  faultline show s.db 1f2e3d4c\n"
    "  faultline show s.db 1f2e --source ~/spdk -v\n"
    "A few digits of the finding are enough. Nothing is run; `faultline replay` runs it again.";

class ShowCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand("show", "Tells the story of a finding of a sweep.");
    options_.Declare(*app);
    app->add_option("finding", finding_, "its id, as `faultline findings` has it")
        ->required()
        ->type_name("FINDING");
    app->add_option("--source", source_, "the target's source tree: lines of it are shown")
        ->type_name("DIR")
        ->check(CLI::ExistingDirectory);
    app->add_flag("-v,--verbose", verbose_,
                  "whole stacks, all places, all of the log that is kept");
    app->footer(kShowExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    const SweepDigest digest = options_.Read(global);
    const DigestFinding& finding = StoreDigest::Find(digest, finding_, options_.file());
    PrintResult("{}", TellStoredFinding(finding, digest,
                                        {.store_file = options_.file(),
                                         .replay_options = ReplayOptions(global),
                                         .width = StdoutWidth(),
                                         .color = UseColor(global),
                                         .whole = verbose_,
                                         .source = source_}));
    return ExitCode::kAsExpected;
  }

 private:
  StoreDigest options_;
  std::string finding_;
  std::string source_;
  bool verbose_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeShowCommand() { return std::make_unique<ShowCommand>(); }

}  // namespace faultline
