#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "harness/base/console.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/finding_kinds.h"
#include "harness/scenario/load_catalogue.h"
#include "harness/scenario/nearest_word.h"
#include "harness/store/store.h"
#include "tools/command.h"

namespace faultline {
namespace {

using ListedWords =
    std::map<std::string, std::string>;  // word, what it is ("" where that is plain)

// Hidden: what completion scripts ask for at each press of the tabulator key. So it reads no more
// than it must, and nothing is hooked or run.
class WordsCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "words", "Prints what is known by name, one a line, for completion in a shell.");
    app->add_option("of", of_, "what to print")->required()->type_name("WHAT");
    app->add_option("store", store_, "of findings and sites, the store")->type_name("STORE");
    app->group("");
    return app;
  }

  bool TakesEmptyArguments() const override { return true; }

  ExitCode Run(const GlobalOptions& global) override {
    const auto lister = Listers().find(of_);
    if (lister == Listers().end()) {
      std::vector<std::string> known;
      for (const auto& [name, ignored] : Listers()) {
        known.emplace_back(name);
      }
      throw Failure::BadInput(fmt::format("words {}: expected one of {}{}", of_,
                                          fmt::join(known, ", "), DidYouMean(of_, known)));
    }
    std::string text;
    for (const auto& [word, meaning] : lister->second(*this, global)) {
      text += meaning.empty() ? word + "\n" : fmt::format("{}\t{}\n", word, meaning);
    }
    WriteResult(text);
    return ExitCode::kAsExpected;
  }

 private:
  using Lister = ListedWords (*)(const WordsCommand&, const GlobalOptions&);

  static const std::map<std::string_view, Lister>& Listers() {
    static const std::map<std::string_view, Lister> kListers = {
        {"scenarios", [](const auto&, const auto& global) { return Scenarios(global); }},
        {"profiles",
         [](const auto&, const auto& global) { return Files(global, DataKind::kProfile); }},
        {"baselines",
         [](const auto&, const auto& global) { return Files(global, DataKind::kBaseline); }},
        {"points", [](const auto&, const auto& global) { return Points(global, false); }},
        {"groups", [](const auto&, const auto& global) { return Points(global, true); }},
        {"kinds", [](const auto&, const auto&) { return Kinds(); }},
        {"lists", [](const auto&, const auto&) { return Lists(); }},
        {"findings", [](const auto& self, const auto&) { return self.Findings(); }},
        {"sites", [](const auto& self, const auto&) { return self.Sites(); }}};
    return kListers;
  }

  static ListedWords Scenarios(const GlobalOptions& global) {
    const DataPath data = FindData(global.data);
    ListedWords words;
    for (const std::filesystem::path& dir : data.dirs()) {
      for (const std::filesystem::path& file : FindScenarioFiles(dir)) {
        words.emplace(file.lexically_relative(dir).replace_extension().string(), "");
      }
    }
    return words;
  }

  static ListedWords Files(const GlobalOptions& global, DataKind kind) {
    const DataPath data = FindData(global.data);
    ListedWords words;
    for (const DataPath::Entry& entry : data.All(kind)) {
      words.emplace(entry.name, "");
    }
    return words;
  }

  static ListedWords Points(const GlobalOptions& global, bool groups) {
    const DataPath data = FindData(global.data);
    ListedWords words;
    for (const DataPath::Entry& entry : data.All(DataKind::kCatalogue)) {
      Diagnostics ignored;  // lint tells what is wrong
      for (const FaultPoint& point : LoadCatalogue(data, {entry.name}, ignored).points) {
        words.emplace(groups ? GroupOf(point.name) : point.name, "");
      }
    }
    return words;
  }

  static ListedWords Kinds() {
    ListedWords words;
    for (const std::string& kind : FindingKinds()) {
      words.emplace(kind, "");
    }
    return words;
  }

  static ListedWords Lists() {
    ListedWords words;
    for (const char* list : {"profiles", "catalogues", "steps", "baselines", "scenarios", "points",
                             "groups", "observers"}) {
      words.emplace(list, "");
    }
    return words;
  }

  ListedWords Findings() const {
    ListedWords words;
    for (const FindingGroup& group : OpenStore().Findings()) {
      words.emplace(group.id, group.signature);
    }
    return words;
  }

  ListedWords Sites() const {
    ListedWords words;
    for (const StoredSite& site : OpenStore().Sites()) {
      words.emplace(site.hash, fmt::format("{} in {}", site.point, site.place));
    }
    return words;
  }

  Store OpenStore() const {
    if (store_.empty()) {
      throw Failure::BadInput(fmt::format("words {}: expected a store behind it", of_));
    }
    return Store(store_, Store::Mode::kRead);
  }

  std::string of_;
  std::string store_;
};

}  // namespace

std::unique_ptr<Command> MakeWordsCommand() { return std::make_unique<WordsCommand>(); }

}  // namespace faultline
