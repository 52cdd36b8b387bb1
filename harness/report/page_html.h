#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace faultline {

// The page: one HTML file that needs no network. `data` is that of PageData; all of it is text in
// the page, whatever markup it holds.
std::string PageHtml(const nlohmann::json& data);

}  // namespace faultline
