#include "harness/sweep/gcov_json.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/base/failure.h"

namespace faultline {
namespace {

void ReadDocument(const nlohmann::json& document,
                  const std::function<void(const GcovLine& line)>& take) {
  const std::filesystem::path directory = document.value("current_working_directory", "");
  for (const nlohmann::json& file : document.at("files")) {
    GcovLine line;
    line.file = (directory / file.at("file").get<std::string>()).lexically_normal();
    for (const nlohmann::json& one : file.at("lines")) {
      line.line = one.at("line_number");
      line.function = one.value("function_name", "");
      line.executed = one.at("count").get<double>() > 0;  // beyond 2^63 in long runs
      take(line);
    }
  }
}

}  // namespace

void ReadGcovJson(const std::string& text, const std::function<void(const GcovLine& line)>& take) {
  std::istringstream lines(text);
  std::string line;
  try {
    while (std::getline(lines, line)) {
      if (!line.empty()) {
        ReadDocument(nlohmann::json::parse(line), take);
      }
    }
  } catch (const nlohmann::json::exception& error) {
    throw Failure::BadInput(std::string("gcov printed what is not its JSON format 1: ") +
                            error.what());
  }
}

}  // namespace faultline
