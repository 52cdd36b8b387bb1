#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/testing/run_program.h"

namespace faultline {

// The built `faultline`, run with a temporary directory and a cache of its own.
class CliTest : public testing::Test {
 protected:
  struct Result {
    int exit = -1;
    std::string output;
  };

  CliTest();
  ~CliTest() override;

  static std::vector<std::string> Faultline(std::vector<std::string> arguments);
  Result Run(std::vector<std::string> arguments);
  // A shipped scenario.
  static std::string Scenario(const std::string& name);
  // Writes a file below directory_; its path.
  std::string Write(const std::string& name, const std::string& content);
  // What runs left in their temporary directory.
  std::vector<std::string> LeftBehind() const;
  std::string ReportPath() const { return directory_ / "report.json"; }
  nlohmann::json Report() const;
  static std::vector<std::string> Kinds(const nlohmann::json& report);

  std::filesystem::path directory_;
  TestProgram::Options options_;
};

}  // namespace faultline
