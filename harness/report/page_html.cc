#include "harness/report/page_html.h"

#include <string_view>

namespace faultline {

extern "C" const char faultline_page_begin[];
extern "C" const char faultline_page_end[];

std::string PageHtml(const nlohmann::json& data) {
  constexpr std::string_view kPlace = "@FAULTLINE_DATA@";
  std::string page(faultline_page_begin, faultline_page_end);
  std::string text =
      data.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
  // Inside <script> only "<" can end or change anything; JSON has another spelling for it.
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    if (c == '<') {
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return page.replace(page.find(kPlace), kPlace.size(), escaped);
}

}  // namespace faultline
