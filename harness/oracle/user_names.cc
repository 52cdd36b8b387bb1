#include "harness/oracle/user_names.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <variant>

#include "harness/oracle/signature.h"

namespace faultline {
namespace {

constexpr size_t kShortest = 3;

bool SpeaksOfName(const std::string& key) {
  return key.find("name") != std::string::npos || key.ends_with("nqn") || key.ends_with("uuid");
}

// Something that is left of a name when numbers and the like are placeholders: a name that is a
// number is gone then, and "<n>" is nobody's name.
bool IsMoreThanPlaceholders(const std::string& normalised) {
  int depth = 0;
  return std::any_of(normalised.begin(), normalised.end(), [&](unsigned char c) {
    depth += c == '<' ? 1 : c == '>' ? -1 : 0;
    return depth == 0 && std::isalnum(c) != 0;
  });
}

void Collect(const nlohmann::json& value, bool is_name, std::set<std::string>& names) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      Collect(member, SpeaksOfName(key), names);
    }
  } else if (value.is_array()) {
    for (const nlohmann::json& element : value) {
      Collect(element, is_name, names);
    }
  } else if (value.is_string() && is_name) {
    const std::string name = value.get<std::string>();
    if (name.size() >= kShortest) {
      names.insert(name);
      const std::string normalised = NormaliseMessage(name);  // as signatures have it
      if (IsMoreThanPlaceholders(normalised)) {
        names.insert(normalised);
      }
    }
  }
}

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// A name that could be a common word must not be found inside of a longer one: "malloc" is a part
// of "bdev_malloc_create", "Malloc0" the user's part of "bdev_Malloc0".
bool IsCommonWord(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::islower(c) != 0 || c == '_'; });
}

}  // namespace

std::vector<std::string> UserNames(const Scenario& scenario) {
  std::set<std::string> names;
  for (const Step& step : scenario.steps) {
    if (const auto* rpc = std::get_if<RpcStep>(&step.action)) {
      Collect(rpc->params, false, names);
    } else if (const auto* pipeline = std::get_if<PipelineStep>(&step.action)) {
      for (const RpcStep& request : pipeline->requests) {
        Collect(request.params, false, names);
      }
    }
  }
  std::vector<std::string> longest_first(names.begin(), names.end());
  std::stable_sort(longest_first.begin(), longest_first.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return longest_first;
}

std::string WithoutUserNames(std::string_view signature, const std::vector<std::string>& names) {
  const size_t functions = std::min(signature.find(" @ "), signature.size());
  const size_t kind = signature.find(": ");
  std::string text(signature.substr(0, functions));
  for (const std::string& name : names) {
    const auto is_inside = [&](char c) { return IsAlnum(c) || (c == '_' && IsCommonWord(name)); };
    size_t at = text.find(name, kind == std::string_view::npos ? 0 : kind);
    while (at != std::string::npos) {
      const size_t behind = at + name.size();
      const bool whole = (at == 0 || !is_inside(text[at - 1])) &&
                         (behind == text.size() || !is_inside(text[behind]));
      if (whole) {
        text.replace(at, name.size(), "<name>");
      }
      at = text.find(name, at + (whole ? 6 : 1));
    }
  }
  return text + std::string(signature.substr(functions));
}

std::string WithoutPid(std::string_view title, uint32_t pid) {
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  const auto is_of_name = [&](char c) { return c == '_' || c == '-' || c == '.' || IsAlnum(c); };
  const std::string digits = std::to_string(pid);
  std::string text(title);
  for (size_t at = text.find(digits); at != std::string::npos; at = text.find(digits, at)) {
    const size_t behind = at + digits.size();
    const bool is_end_of_name = at > 0 && is_of_name(text[at - 1]) && !is_digit(text[at - 1]) &&
                                (behind == text.size() || !is_digit(text[behind]));
    if (is_end_of_name && pid != 0) {
      text.replace(at, digits.size(), "<pid>");
    }
    ++at;
  }
  return text;
}

std::string WithoutVariables(const std::string& text) {
  constexpr std::string_view kRunDir = "run_dir";
  constexpr std::string_view kEarlierPid = "earlier_pid_";
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t begin = text.find("${", at);
    const size_t end = text.find('}', std::min(begin, text.size()));
    if (end == std::string::npos) {
      break;
    }
    out += text.substr(at, begin - at);
    at = end + 1;
    std::string name = text.substr(begin + 2, end - begin - 2);
    const size_t dot = name.find('.');
    const std::string of = dot == std::string::npos ? "" : " of " + name.substr(0, dot);
    name.erase(0, dot == std::string::npos ? 0 : dot + 1);
    if (name == kRunDir && of.empty()) {
      const bool has_more = at < text.size() && text[at] == '/';
      out += has_more ? "" : "the run directory";
      at += has_more ? 1 : 0;
      continue;
    }
    std::string in_life;
    if (name.starts_with(kEarlierPid)) {
      in_life = " in life " + name.substr(kEarlierPid.size());
      name = "pid";
    }
    std::ranges::replace(name, '_', ' ');
    out += "<" + name + of + in_life + ">";
  }
  return out + text.substr(std::min(at, text.size()));
}

}  // namespace faultline
