#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "harness/report/stored_stack.h"
#include "harness/report/table.h"
#include "harness/report/wrap.h"
#include "harness/scenario/finding_kinds.h"
#include "harness/scenario/nearest_word.h"
#include "harness/store/status.h"
#include "tools/command.h"
#include "tools/findings_json.h"
#include "tools/json_output.h"
#include "tools/store_digest.h"
#include "tools/sweep_content.h"

namespace faultline {
namespace {

constexpr char kFindingsExamples[] =
    "Examples:\n"
    "  faultline findings s.db\n"
    "  faultline findings s.db --kind crash --kind hang --module 'librte_*'\n"
    "  faultline findings s.db --new --baseline known.yaml\n"
    "  faultline findings s.db --new --baseline dpdk-testpmd --json - | jq '.findings[].title'\n"
    "Exit code 1 when one that is listed fails a sweep: it is confirmed, and no baseline knows "
    "it.\n"
    "Exit code 3 when none does and the sweep was interrupted.";

class FindingsCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand("findings", "Lists what a sweep has found, by cause.");
    options_.Declare(*app);
    app->add_option("--kind", kinds_, "findings of this kind alone (repeatable)")
        ->type_name("KIND");
    app->add_option("--status", statuses_,
                    "confirmed, flaky, unproven, assumed or not-tried (repeatable)")
        ->type_name("STATUS");
    app->add_option("--module", modules_,
                    "of a failed call in this module, or that showed there (globs; repeatable)")
        ->type_name("GLOB");
    app->add_option("--point", points_, "after this point failed (globs; repeatable)")
        ->type_name("GLOB");
    app->add_flag("--new", new_, "without those that the baseline knows");
    json_.Declare(*app, "write the list as JSON too");
    app->footer(kFindingsExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    if (new_ && !options_.has_baseline()) {
      throw Failure::BadInput("--new is said of a baseline: expected --baseline FILE too");
    }
    CheckStatuses();
    json_.Check();
    const SweepDigest digest = options_.Read(global);
    CheckKinds(digest);
    CheckPlaces(digest);
    std::set<size_t> wanted;
    for (size_t i = 0; i < digest.findings.size(); ++i) {
      if (IsWanted(digest.findings[i], digest)) {
        wanted.insert(i);
      }
    }
    const std::string unfinished = TellUnfinished(digest);
    json_.Tell(List(digest, wanted) + Line(unfinished) + Line(TellRemaining(digest)) +
               TellSilentFunctions(options_.silent(), StdoutWidth()));
    nlohmann::json document =
        FindingsToJson(digest, wanted, options_.file(), ReplayOptions(global));
    document["verdict"] = VerdictOf(digest, unfinished);
    document["silently_tolerated"] = SilentFunctionsToJson(options_.silent());
    json_.Write(document);
    const bool fails = std::any_of(wanted.begin(), wanted.end(),
                                   [&](size_t index) { return digest.findings[index].fails; });
    if (fails) {
      return ExitCode::kFindings;
    }
    // What was not visited may hold one; a sweep that ended had nothing to visit, as after a change
    // that the scenario does not reach.
    const bool has_ended = digest.last_sweep && digest.last_sweep->ended;
    return unfinished.empty() && (digest.runs > 0 || has_ended) ? ExitCode::kAsExpected
                                                                : ExitCode::kCannotWork;
  }

 private:
  static std::string Line(const std::string& text) { return text.empty() ? "" : text + "\n"; }

  static bool MatchesAny(const std::vector<std::string>& globs, const std::string& text) {
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
      return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0;
    });
  }

  static std::string WithBlanks(std::string word) {
    std::replace(word.begin(), word.end(), '-', ' ');
    return word;
  }

  void CheckStatuses() const {
    std::vector<std::string> known;
    for (const FindingStatus status : kFindingStatuses) {
      std::string name = StatusName(status);
      std::replace(name.begin(), name.end(), ' ', '-');
      known.push_back(std::move(name));
    }
    for (const std::string& status : statuses_) {
      if (std::find(known.begin(), known.end(), status) == known.end()) {
        throw Failure::BadInput("--status " + status + ": expected " +
                                fmt::format("{}", fmt::join(known, ", ")) +
                                DidYouMean(status, known));
      }
    }
  }

  // A kind that nothing has may be one that was fixed: that is no mistake, a wrong word is.
  void CheckKinds(const SweepDigest& digest) const {
    const std::vector<std::string>& known = FindingKinds();
    for (const std::string& kind : kinds_) {
      const bool is_there =
          std::any_of(digest.findings.begin(), digest.findings.end(),
                      [&](const DigestFinding& finding) { return finding.group.kind == kind; });
      if (!is_there && std::find(known.begin(), known.end(), kind) == known.end()) {
        throw Failure::BadInput("--kind " + kind + ": there is no such kind of finding" +
                                DidYouMean(kind, known));
      }
    }
  }

  // A glob may match nothing; a name that no place of the sweep has is a mistake.
  void CheckPlaces(const SweepDigest& digest) const {
    std::set<std::string> points;
    std::set<std::string> modules;
    for (const DigestSite& site : digest.sites) {
      points.insert(site.site.point);
      for (const Frame& frame : FramesOf(site.site.stack)) {
        modules.insert(frame.module);
      }
    }
    for (const DigestFinding& finding : digest.findings) {
      for (const auto& [name, stack] : StacksOf(finding, digest)) {
        for (const Frame& frame : FramesOf(stack)) {
          modules.insert(frame.module);
        }
      }
    }
    CheckNames("--point", points_, points);
    CheckNames("--module", modules_, modules);
  }

  static void CheckNames(const char* option, const std::vector<std::string>& given,
                         const std::set<std::string>& known) {
    for (const std::string& name : given) {
      if (name.find_first_of("*?[") == std::string::npos && known.count(name) == 0) {
        throw Failure::BadInput(
            fmt::format("{} {}: no place that the sweep knows has it{}", option, name,
                        DidYouMean(name, std::vector<std::string>(known.begin(), known.end()))));
      }
    }
  }

  bool IsWanted(const DigestFinding& finding, const SweepDigest& digest) const {
    const auto has = [](const std::vector<std::string>& words, const std::string& word) {
      return std::any_of(words.begin(), words.end(),
                         [&](const std::string& one) { return WithBlanks(one) == word; });
    };
    const FindingGroup& group = finding.group;
    if ((new_ && finding.known != nullptr) ||
        (!statuses_.empty() && !has(statuses_, finding.status)) ||
        (!kinds_.empty() && std::find(kinds_.begin(), kinds_.end(), group.kind) == kinds_.end())) {
      return false;
    }
    const auto at_point = [&](size_t site) {
      return MatchesAny(points_, digest.sites[site].site.point);
    };
    if (!points_.empty() && std::none_of(finding.sites.begin(), finding.sites.end(), at_point)) {
      return false;
    }
    return modules_.empty() || IsInModule(finding, digest);
  }

  bool IsInModule(const DigestFinding& finding, const SweepDigest& digest) const {
    const auto stacks = StacksOf(finding, digest);
    return std::any_of(stacks.begin(), stacks.end(), [&](const auto& stack) {
      const Stack frames = FramesOf(stack.second);
      return !frames.empty() && MatchesAny(modules_, frames.front().module);
    });
  }

  static std::string List(const SweepDigest& digest, const std::set<size_t>& wanted) {
    if (wanted.empty()) {
      return digest.runs == 0 && digest.findings.empty() ? "no findings: nothing was visited\n"
             : digest.findings.empty()
                 ? "no findings\n"
                 : fmt::format("none of the {} findings\n", digest.findings.size());
    }
    Table table({"finding", "kind", "status", "sites", "what"});
    for (const DigestCause& cause : digest.causes) {
      std::vector<size_t> members;
      std::copy_if(cause.findings.begin(), cause.findings.end(), std::back_inserter(members),
                   [&](size_t index) { return wanted.contains(index); });
      if (cause.findings.size() > 1 && !members.empty()) {
        table.AddRow({"", "cause", "", "", cause.title + ":"});
      }
      for (const size_t index : members) {
        const DigestFinding& finding = digest.findings[index];
        table.AddRow({finding.group.id, finding.group.kind,
                      finding.known != nullptr ? "known" : finding.status,
                      std::to_string(finding.sites.size()), finding.group.title});
      }
    }
    return table.ToString(StdoutWidth()) +
           Wrapped(fmt::format("{} of {} findings; {}", wanted.size(), digest.findings.size(),
                               digest.Verdict()),
                   StdoutWidth());
  }

  StoreDigest options_;
  std::vector<std::string> kinds_;
  std::vector<std::string> statuses_;
  std::vector<std::string> modules_;
  std::vector<std::string> points_;
  bool new_ = false;
  JsonOutput json_;
};

}  // namespace

std::unique_ptr<Command> MakeFindingsCommand() { return std::make_unique<FindingsCommand>(); }

}  // namespace faultline
