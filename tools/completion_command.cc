#include <string>

#include "harness/base/console.h"
#include "tools/command.h"
#include "tools/completion.h"

namespace faultline {
namespace {

constexpr char kCompletionExamples[] =
    "Examples:\n"
    "  source <(faultline completion bash)\n"
    "  faultline completion zsh >~/.zfunc/_faultline\n"
    "A package has installed both.";

class CompletionCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    program_ = &parent;
    CLI::App* app = parent.add_subcommand(
        "completion", "Prints a script that completes commands and options in a shell.");
    app->add_option("shell", shell_, "the shell")
        ->required()
        ->type_name("SHELL")
        ->check(CLI::IsMember({"bash", "zsh"}));
    app->footer(kCompletionExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions&) override {
    const CommandDescription program = Describe(*program_);
    WriteResult(shell_ == "bash" ? BashCompletion(program) : ZshCompletion(program));
    return ExitCode::kAsExpected;
  }

 private:
  const CLI::App* program_ = nullptr;
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> MakeCompletionCommand() { return std::make_unique<CompletionCommand>(); }

}  // namespace faultline
