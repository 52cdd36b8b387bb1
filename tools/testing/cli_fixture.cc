#include "tools/testing/cli_fixture.h"

#include <stdlib.h>

#include <fstream>

#include "harness/base/files.h"

namespace faultline {

namespace fs = std::filesystem;

CliTest::CliTest() {
  // In /tmp and not in TempDir(): Unix sockets lie below it, and their paths are short.
  std::string name = "/tmp/faultline-cli-XXXXXX";
  directory_ = ::mkdtemp(name.data());
  fs::create_directory(directory_ / "tmp");
  options_.environment = {{"TMPDIR", (directory_ / "tmp").string()},
                          {"XDG_CACHE_HOME", (directory_ / "cache").string()},
                          {"XDG_CONFIG_HOME", (directory_ / "config").string()}};
}

CliTest::~CliTest() { fs::remove_all(directory_); }

std::vector<std::string> CliTest::Faultline(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), FAULTLINE_BINARY_DIR "/faultline");
  return arguments;
}

CliTest::Result CliTest::Run(std::vector<std::string> arguments) {
  TestProgram program(Faultline(std::move(arguments)), options_);
  Result result;
  result.exit = program.Wait();
  result.output = program.output();
  return result;
}

std::string CliTest::Scenario(const std::string& name) {
  return FAULTLINE_SOURCE_DIR "/scenarios/" + name;
}

std::string CliTest::Write(const std::string& name, const std::string& content) {
  fs::create_directories((directory_ / name).parent_path());
  std::ofstream(directory_ / name) << content;
  return directory_ / name;
}

std::vector<std::string> CliTest::LeftBehind() const {
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(directory_ / "tmp")) {
    left.push_back(entry.path());
  }
  return left;
}

nlohmann::json CliTest::Report() const {
  return nlohmann::json::parse(ReadFile(ReportPath()).value_or("null"));
}

std::vector<std::string> CliTest::Kinds(const nlohmann::json& report) {
  std::vector<std::string> kinds;
  for (const nlohmann::json& finding : report.at("findings")) {
    kinds.push_back(finding.at("kind"));
  }
  return kinds;
}

}  // namespace faultline
