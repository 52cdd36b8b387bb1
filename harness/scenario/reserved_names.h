#pragma once

#include <string>

namespace faultline {

// Names that stand for a directory, known when files are read; see document.h.
//   scenario_dir  of the scenario; with `extends`, of the one that the name is written in
//   file_dir      of the file that the name is written in
inline constexpr char kScenarioDir[] = "scenario_dir";
inline constexpr char kFileDir[] = "file_dir";

// Why no variable may have this name: "`pid` gets its value from the run"; "" = one may.
std::string WhyReserved(const std::string& name);

}  // namespace faultline
