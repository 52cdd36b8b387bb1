#include "harness/run/run_names.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace faultline {
namespace {

bool IsDigitAt(const std::string& text, size_t at) {
  return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
}

// A number is replaced only where it stands alone: 204 is not part of "fbarray_2048k".
void ReplaceAll(std::string& text, const std::string& value, const std::string& name) {
  for (size_t at = text.find(value); at != std::string::npos; at = text.find(value, at)) {
    const bool inside_a_number =
        (IsDigitAt(value, 0) && at > 0 && IsDigitAt(text, at - 1)) ||
        (IsDigitAt(value, value.size() - 1) && IsDigitAt(text, at + value.size()));
    if (inside_a_number) {
      ++at;
    } else {
      text.replace(at, value.size(), name);
      at += name.size();
    }
  }
}

}  // namespace

std::string WithNames(std::string text, const Variables& variables,
                      const std::map<std::string, std::string>& earlier_pids,
                      const std::map<std::string, nlohmann::json>& saved) {
  // The longest values first: rpc_socket contains run_dir.
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& [name, value] : variables) {
    const std::string plain = name.substr(name.find('.') + 1);
    if (plain != "cpu" && plain != "second_cpu" && plain != "cpu_mask" && plain != "own_dir" &&
        saved.count(name) == 0) {
      values.emplace_back(value, "${" + name + "}");
    }
  }
  for (const auto& [pid, name] : earlier_pids) {
    values.emplace_back(pid, "${" + name + "}");
  }
  // Of what two targets share, the name of this one's.
  std::stable_sort(values.begin(), values.end(), [](const auto& a, const auto& b) {
    const auto is_own = [](const auto& value) {
      return value.second.find('.') == std::string::npos;
    };
    return a.first.size() != b.first.size() ? a.first.size() > b.first.size()
                                            : is_own(a) && !is_own(b);
  });
  for (const auto& [value, name] : values) {
    ReplaceAll(text, value, name);
  }
  return text;
}

std::string WithValues(std::string text, const Variables& variables) {
  for (const auto& [name, value] : variables) {
    ReplaceAll(text, "${" + name + "}", value);
  }
  return text;
}

}  // namespace faultline
