#include "harness/scenario/substitute.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/failure.h"
#include "harness/scenario/nearest_word.h"
#include "harness/scenario/reserved_names.h"
#include "harness/scenario/scalar.h"

namespace faultline {
namespace {

constexpr size_t kMaxResult = size_t{64} * 1024;
// A chain of variables that doubles at each link must end before it eats the machine.
constexpr int kMaxReplacements = 10'000;

// One text being expanded. Parts are handed to Reference() and `out`.
class Expansion {
 public:
  Expansion(const Variables& variables, SubstituteStage stage,
            const std::function<void(const std::string&)>& complain, const SavedNames& saved)
      : variables_(variables), stage_(stage), complain_(complain), saved_(saved) {}

  void Expand(std::string_view text) {
    while (!text.empty() && !failed_) {
      const size_t dollar = text.find('$');
      Append(text.substr(0, dollar));
      if (dollar == std::string_view::npos) {
        return;
      }
      text.remove_prefix(dollar);
      if (text.starts_with("$$")) {
        Append(stage_ == SubstituteStage::kKeepForRun ? "$$" : "$");
        text.remove_prefix(2);
      } else if (text.starts_with("${")) {
        text.remove_prefix(TakeReference(text));
      } else {
        Append("$");
        text.remove_prefix(1);
      }
    }
  }

  std::string TakeResult() { return std::move(out_); }

 private:
  // `text` begins with "${". Returns how much of it was used.
  size_t TakeReference(std::string_view text) {
    const size_t end = text.find('}');
    const std::string name(text.substr(2, end == std::string_view::npos ? end : end - 2));
    if (end == std::string_view::npos || !(IsVariableName(name) || IsOfTarget(name))) {
      Fail(fmt::format("`{}` is not a variable; expected ${{name}}, or $$ for a literal $",
                       text.substr(0, std::min<size_t>(text.size(), 40))));
      return text.size();
    }
    Replace(name);
    return end + 1;
  }

  // "TARGET.rpc_socket", where there are several targets: only runs have values for such names.
  bool IsOfTarget(std::string_view name) const {
    const size_t dot = name.find('.');
    return dot != std::string_view::npos && IsVariableName(name.substr(0, dot)) &&
           IsVariableName(name.substr(dot + 1)) &&
           std::any_of(saved_.begin(), saved_.end(), [](const std::string& known) {
             return known.find('.') != std::string::npos;
           });
  }

  void Replace(const std::string& name) {
    if (RunTimeNames().contains(name) || saved_.contains(name)) {
      if (stage_ == SubstituteStage::kKeepForRun) {
        Append("${" + name + "}");
      } else {
        Fail(fmt::format("`${{{}}}` is known only during a run and cannot stand here", name));
      }
      return;
    }
    const auto found = variables_.find(name);
    if (found == variables_.end()) {
      Fail(fmt::format("unknown variable `${{{}}}`{}", name, DidYouMean(name, KnownNames())));
    } else if (std::find(open_.begin(), open_.end(), name) != open_.end()) {
      Fail(fmt::format("variable `${{{}}}` leads back to itself", name));
    } else if (++replacements_ > kMaxReplacements) {
      Fail(fmt::format("more than {} variables in one text", kMaxReplacements));
    } else {
      open_.push_back(name);
      Expand(found->second);
      open_.pop_back();
    }
  }

  std::vector<std::string> KnownNames() const {
    std::vector<std::string> names(RunTimeNames().begin(), RunTimeNames().end());
    names.insert(names.end(), saved_.begin(), saved_.end());
    names.insert(names.end(), {kScenarioDir, kFileDir});
    for (const auto& [name, value] : variables_) {
      names.push_back(name);
    }
    return names;
  }

  void Append(std::string_view text) {
    if (out_.size() + text.size() > kMaxResult) {
      Fail(fmt::format("the text is longer than {} KiB once its variables are replaced",
                       kMaxResult / 1024));
      return;
    }
    out_ += text;
  }

  void Fail(const std::string& message) {
    if (!failed_) {
      complain_(message);
    }
    failed_ = true;
  }

  const Variables& variables_;
  const SubstituteStage stage_;
  const std::function<void(const std::string&)>& complain_;
  const SavedNames& saved_;
  std::string out_;
  std::vector<std::string> open_;  // variables being replaced, outermost first
  int replacements_ = 0;
  bool failed_ = false;
};

}  // namespace

const std::set<std::string>& RunTimeNames() {
  static const std::set<std::string> names = {"run_dir", "rpc_socket", "file_prefix", "huge_dir",
                                              "cpu",     "second_cpu", "cpu_mask",    "own_dir",
                                              "pid",     "free_port"};
  return names;
}

std::string WhyReserved(const std::string& name) {
  if (RunTimeNames().contains(name)) {
    return fmt::format("`{}` gets its value from the run", name);
  }
  if (name == kScenarioDir || name == kFileDir) {
    return fmt::format("`{}` is where the file lies; expected another name", name);
  }
  return "";
}

bool IsVariableName(std::string_view name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && is_lower(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string Substitute(std::string_view text, const Variables& variables, SubstituteStage stage,
                       const std::function<void(const std::string& message)>& complain,
                       const SavedNames& saved) {
  Expansion expansion(variables, stage, complain, saved);
  expansion.Expand(text);
  return expansion.TakeResult();
}

std::string ExpandForRun(std::string_view text, const Variables& values) {
  std::string out;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) {
      break;
    }
    text.remove_prefix(dollar);
    if (text.starts_with("${")) {
      const size_t end = text.find('}');
      const std::string name(text.substr(2, end == std::string_view::npos ? end : end - 2));
      const auto found = values.find(name);
      if (end == std::string_view::npos || found == values.end()) {
        throw MissingValue(
            fmt::format("`${{{}}}` has no value at this point of the run{}", name,
                        name == "huge_dir" ? "; expected resources: {hugetlbfs_mb: ...}" : ""));
      }
      out += found->second;
      text.remove_prefix(end + 1);
    } else {
      out += '$';
      text.remove_prefix(text.starts_with("$$") ? 2 : 1);
    }
  }
  return out;
}

nlohmann::json ExpandJsonForRun(const nlohmann::json& value, const Variables& values,
                                const std::map<std::string, nlohmann::json>& saved) {
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (text.empty() || text.front() != kKeepsType) {
      return ExpandForRun(text, values);
    }
    const auto found = saved.find(text.substr(3, text.size() - 4));  // without ${ and }
    return found == saved.end() ? TypedScalar(ExpandForRun(text.substr(1), values)) : found->second;
  }
  nlohmann::json out = value;
  if (value.is_structured()) {
    for (auto& item : out.items()) {
      item.value() = ExpandJsonForRun(item.value(), values, saved);
    }
  }
  return out;
}

}  // namespace faultline
