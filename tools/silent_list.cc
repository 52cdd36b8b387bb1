#include "tools/silent_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "harness/report/table.h"
#include "harness/report/wrap.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr size_t kMostTold = 15;

void AddOnce(std::vector<std::string>& texts, const std::string& text) {
  if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end()) {
    texts.push_back(text);
  }
}

// Greater is more suspicious.
auto Suspicion(const SilentFunction& function) {
  return std::make_tuple(!function.lacking.empty(), function.tried_again < function.runs,
                         function.runs);
}

std::string Why(const SilentFunction& function) {
  if (!function.lacking.empty()) {
    return fmt::format("{} reports success and changes less", fmt::join(function.lacking, ", "));
  }
  return function.tried_again == function.runs ? "called again later" : "never called again";
}

}  // namespace

std::vector<SilentFunction> ListSilentFunctions(Store& store) {
  std::map<std::string, SilentFunction> by_function;
  for (const StoredRun& run : store.Runs()) {
    const json evidence = json::parse(run.evidence, nullptr, /*allow_exceptions=*/false);
    const auto silent = evidence.is_object() ? evidence.find("silent") : evidence.end();
    if (!evidence.is_object() || silent == evidence.end()) {
      continue;
    }
    const std::string name = silent->value("function", "");
    const std::string place = silent->value("place", "");
    SilentFunction& function = by_function[name.empty() ? place : name];
    function.function = name.empty() ? place : name;
    function.place = place;
    AddOnce(function.points, silent->value("point", ""));
    AddOnce(function.lacking, silent->value("lacking", ""));
    ++function.runs;
    function.tried_again += silent->value("tried_again", false) ? 1 : 0;
  }
  std::vector<SilentFunction> functions;
  for (auto& [name, function] : by_function) {
    functions.push_back(std::move(function));
  }
  std::stable_sort(
      functions.begin(), functions.end(),
      [](const SilentFunction& a, const SilentFunction& b) { return Suspicion(a) > Suspicion(b); });
  return functions;
}

std::string TellSilentFunctions(const std::vector<SilentFunction>& functions, size_t width) {
  if (functions.empty()) {
    return "";
  }
  Table table({"function", "runs", "what failed", "suspicion"});
  const size_t told = std::min(functions.size(), kMostTold);
  for (size_t i = 0; i < told; ++i) {
    const SilentFunction& function = functions[i];
    table.AddRow({function.function, std::to_string(function.runs),
                  fmt::format("{}", fmt::join(function.points, ", ")), Why(function)});
  }
  const std::string more =
      told == functions.size() ? "" : fmt::format(", and {} more", functions.size() - told);
  return Wrapped(fmt::format("silently tolerated, which is no finding: {} function{} met a failed "
                             "call and did not report it; the most suspicious first{}",
                             functions.size(), functions.size() == 1 ? "" : "s", more),
                 width) +
         table.ToString(width);
}

json SilentFunctionsToJson(const std::vector<SilentFunction>& functions) {
  json list = json::array();
  for (const SilentFunction& function : functions) {
    list.push_back({{"function", function.function},
                    {"place", function.place},
                    {"points", function.points},
                    {"lacking", function.lacking},
                    {"runs", function.runs},
                    {"tried_again", function.tried_again}});
  }
  return list;
}

}  // namespace faultline
