#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "harness/base/terminal.h"
#include "harness/report/table.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/load_catalogue.h"
#include "harness/scenario/load_profile.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/yaml_value.h"
#include "tools/command.h"
#include "tools/json_output.h"

namespace faultline {
namespace {

constexpr char kListExamples[] =
    "Examples:\n"
    "  faultline list profiles\n"
    "  faultline list points --profile dpdk-testpmd\n"
    "  faultline list scenarios --data ~/mine --json scenarios.json\n"
    "The first file of a name is the one that is used; one that is hidden by it is marked.";

// One line of a list.
struct Item {
  std::string name;
  std::string what;  // its kind, or what it holds
  std::string summary;
  std::string from;  // FILE or FILE:LINE
};

// `summary` of a file, whatever else is in it.
std::string SummaryOf(const std::filesystem::path& file) {
  Diagnostics ignored;
  const YamlPtr root = ReadYamlFile(file, ignored);
  if (root == nullptr || root->kind != YamlValue::Kind::kMap) {
    return "(cannot be read: faultline lint " + file.string() + ")";
  }
  const YamlValue::Entry* summary = root->Find("summary");
  return summary == nullptr ? "" : summary->value->text;
}

std::string From(const SourcePosition& position) {
  return position.file == nullptr ? "" : fmt::format("{}:{}", *position.file, position.line);
}

class ListCommand : public Command {
 public:
  CLI::App* Declare(CLI::App& parent) override {
    CLI::App* app = parent.add_subcommand(
        "list", "Lists what is known by name, each with the file that it comes from.");
    app->add_option("what", what_, fmt::format("{}", fmt::join(Words(), ", ")))
        ->required()
        ->type_name("WHAT");
    app->add_option("--profile", profile_,
                    "of points, groups and observers, those of this profile (default: all)")
        ->type_name("NAME");
    json_.Declare(*app, "write the list as JSON too");
    app->footer(kListExamples);
    return app;
  }

  ExitCode Run(const GlobalOptions& global) override {
    const auto list = Lists().find(what_);
    if (list == Lists().end()) {
      throw Failure::BadInput(fmt::format("list {}: expected one of {}{}", what_,
                                          fmt::join(Words(), ", "), DidYouMean(what_, Words())));
    }
    json_.Check();
    const DataPath data = FindData(global.data);
    const std::vector<Item> items = list->second(*this, data);
    if (items.empty()) {
      throw Failure::BadInput(fmt::format("there are no {} below {}", what_, data.ToString()));
    }
    Table table({"name", "", "summary", "from"});
    nlohmann::json json = nlohmann::json::array();
    for (const Item& item : items) {
      table.AddRow({item.name, item.what, item.summary, item.from});
      json.push_back({{"name", item.name},
                      {"what", item.what},
                      {"summary", item.summary},
                      {"from", item.from}});
    }
    json_.Tell(table.ToString(ProseWidth(STDOUT_FILENO)));
    json_.Write({{"faultline_list", 1}, {"of", what_}, {"items", json}});
    return ExitCode::kAsExpected;
  }

 private:
  using Maker = std::function<std::vector<Item>(const ListCommand&, const DataPath&)>;

  static const std::map<std::string, Maker>& Lists() {
    static const std::map<std::string, Maker> kLists = {
        {"profiles", [](const auto&, const auto& data) { return Files(data, DataKind::kProfile); }},
        {"catalogues",
         [](const auto&, const auto& data) { return Files(data, DataKind::kCatalogue); }},
        {"steps", [](const auto&, const auto& data) { return Files(data, DataKind::kSteps); }},
        {"baselines",
         [](const auto&, const auto& data) { return Files(data, DataKind::kBaseline); }},
        {"scenarios", [](const auto&, const auto& data) { return Scenarios(data); }},
        {"points", [](const auto& self, const auto& data) { return self.Points(data); }},
        {"groups", [](const auto& self, const auto& data) { return self.Groups(data); }},
        {"observers", [](const auto& self, const auto& data) { return self.Observers(data); }}};
    return kLists;
  }

  static std::vector<std::string> Words() {
    std::vector<std::string> words;
    for (const auto& [word, maker] : Lists()) {
      words.push_back(word);
    }
    return words;
  }

  static std::vector<Item> Files(const DataPath& data, DataKind kind) {
    std::vector<Item> items;
    for (const DataPath::Entry& entry : data.All(kind)) {
      items.push_back({entry.name, entry.is_hidden ? "hidden" : "", SummaryOf(entry.file),
                       entry.file.string()});
    }
    return Sorted(std::move(items));
  }

  static std::vector<Item> Scenarios(const DataPath& data) {
    std::vector<Item> items;
    std::set<std::string> seen;
    for (const std::filesystem::path& dir : data.dirs()) {
      for (const std::filesystem::path& file : FindScenarioFiles(dir)) {
        std::string name = file.lexically_relative(dir).replace_extension().string();
        const bool is_new = seen.insert(name).second;
        items.push_back({std::move(name), is_new ? "" : "hidden", SummaryOf(file), file.string()});
      }
    }
    return Sorted(std::move(items));
  }

  // The catalogues one by one: a point that two of them have is listed with each.
  std::vector<Catalogue> Catalogues(const DataPath& data) const {
    std::vector<std::string> names;
    DataPath path = data;
    if (!profile_.empty()) {
      const Profile profile = LoadProfile(data, profile_);
      names = profile.catalogues;
      path = data.Beside(profile.file);
    } else {
      for (const DataPath::Entry& entry : data.All(DataKind::kCatalogue)) {
        if (!entry.is_hidden) {
          names.push_back(entry.name);
        }
      }
    }
    std::vector<Catalogue> catalogues;
    for (const std::string& name : names) {
      Diagnostics ignored;  // lint tells what is wrong
      catalogues.push_back(LoadCatalogue(path, {name}, ignored));
    }
    return catalogues;
  }

  std::vector<Item> Points(const DataPath& data) const {
    std::vector<Item> items;
    for (const Catalogue& catalogue : Catalogues(data)) {
      for (const FaultPoint& point : catalogue.points) {
        items.push_back({point.name, ToString(point.kind),
                         point.summary.empty() ? fmt::format("{}", fmt::join(point.symbols, ", "))
                                               : point.summary,
                         From(point.position)});
      }
    }
    return Sorted(std::move(items));
  }

  std::vector<Item> Groups(const DataPath& data) const {
    std::map<std::string, std::pair<int, std::set<std::string>>> groups;
    for (const Catalogue& catalogue : Catalogues(data)) {
      for (const FaultPoint& point : catalogue.points) {
        auto& [count, files] = groups[GroupOf(point.name)];
        ++count;
        files.insert(point.position.file == nullptr ? "" : *point.position.file);
      }
    }
    std::vector<Item> items;
    for (const auto& [name, group] : groups) {
      items.push_back({name, fmt::format("{} point{}", group.first, group.first == 1 ? "" : "s"),
                       "", fmt::format("{}", fmt::join(group.second, ", "))});
    }
    return items;
  }

  std::vector<Item> Observers(const DataPath& data) const {
    std::vector<Item> items;
    for (const Catalogue& catalogue : Catalogues(data)) {
      for (const Observer& observer : catalogue.observers) {
        items.push_back({observer.name, observer.registry,
                         observer.summary.empty()
                             ? fmt::format("{}", fmt::join(observer.symbols, ", "))
                             : observer.summary,
                         From(observer.position)});
      }
    }
    return Sorted(std::move(items));
  }

  // By name, the one that is used before those it hides; the same one is listed once.
  static std::vector<Item> Sorted(std::vector<Item> items) {
    std::stable_sort(items.begin(), items.end(),
                     [](const Item& a, const Item& b) { return a.name < b.name; });
    items.erase(std::unique(items.begin(), items.end(),
                            [](const Item& a, const Item& b) {
                              return a.name == b.name && a.from == b.from;
                            }),
                items.end());
    return items;
  }

  std::string what_;
  std::string profile_;
  JsonOutput json_;
};

}  // namespace

std::unique_ptr<Command> MakeListCommand() { return std::make_unique<ListCommand>(); }

}  // namespace faultline
