#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/base/console.h"
#include "harness/report/site_story.h"
#include "harness/scenario/nearest_word.h"
#include "tools/command.h"
#include "tools/store_digest.h"

namespace faultline {
namespace {

constexpr size_t kMostToList = 20;
constexpr char kExplainExamples[] =
    "Examples:\n"
    "  faultline explain s.db 3f0a1b\n"
    "  faultline explain s.db dpdk/ring/create           # if it is called at one place\n"
    "  faultline explain s.db 'calloc in iobuf_init'\n"
    "A site is named by the beginning of its number, or by a part of \"POINT in FUNCTION < CALLER "
    "< "
    "...\"; where several match they are listed.";

class ExplainCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "explain", "Tells what a sweep did at a place that can fail, and why that came of it.");
    options_.Declare(*app);
    app->add_option("site", site_, "the place: its number, or a part of its text")
        ->required()
        ->type_name("SITE");
    app->add_flag("-v,--verbose", verbose_, "whole stacks, all of the log that is kept");
    app->footer(kExplainExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    const SweepDigest digest = options_.Read(global);
    const DigestSite& site = Find(digest);
    Store store(options_.file(), Store::Mode::kRead);
    std::vector<StoredRun> runs = store.Runs(/*with_evidence=*/true);
    std::erase_if(runs, [&](const StoredRun& run) { return run.site != site.site.hash; });
    PrintResult("{}", TellSite(site, runs, digest,
                               {.store_file = options_.file(),
                                .width = StdoutWidth(),
                                .color = UseColor(global),
                                .whole = verbose_,
                                .source = {}}));
    return ExitCode::kAsExpected;
  }

 private:
  static std::string TextOf(const DigestSite& site) {
    return fmt::format("{} in {}", site.site.point, site.site.place);
  }

  const DigestSite& Find(const SweepDigest& digest) const {
    std::vector<const DigestSite*> found;
    for (const DigestSite& site : digest.sites) {
      if (site.site.hash.starts_with(site_)) {
        found.push_back(&site);
      }
    }
    if (found.empty()) {
      for (const DigestSite& site : digest.sites) {
        if (TextOf(site).find(site_) != std::string::npos) {
          found.push_back(&site);
        }
      }
    }
    if (site_.empty() || found.empty()) {
      std::vector<std::string> points;
      for (const DigestSite& site : digest.sites) {
        points.push_back(site.site.point);
      }
      throw Failure::BadInput(
          fmt::format("{}: none of the {} places that the sweep knows is `{}`: expected the "
                      "beginning of a site's number, or a part of \"POINT in FUNCTION < CALLER\"{}",
                      options_.file(), digest.sites.size(), site_, DidYouMean(site_, points)));
    }
    if (found.size() > 1) {
      std::string text = fmt::format("`{}` is {} places:", site_, found.size());
      for (size_t i = 0; i < std::min(found.size(), kMostToList); ++i) {
        text += fmt::format("\n  {}  {}: {}", found[i]->site.hash, TextOf(*found[i]),
                            found[i]->verdict);
      }
      if (found.size() > kMostToList) {
        text += fmt::format("\n  ... {} more", found.size() - kMostToList);
      }
      throw Failure::BadInput(text);
    }
    return *found.front();
  }

  StoreDigest options_;
  std::string site_;
  bool verbose_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeExplainCommand() { return std::make_unique<ExplainCommand>(); }

}  // namespace faultline
