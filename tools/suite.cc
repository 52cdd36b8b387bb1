// The regression suite: every scenario file is a GoogleTest test, found when the program starts, so
// that filters, sharding, repeating and XML reports come with GoogleTest. A test passes when the
// findings are exactly the scenario's known_findings, and is skipped when its program is not here
// or the machine cannot give it the hugepages that it asks for.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/failure.h"
#include "harness/oracle/ends_by_design.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_scenario.h"
#include "harness/scenario/data_dir.h"
#include "harness/target/interruption.h"
#include "harness/target/machine.h"
#include "tools/program_main.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

struct SuiteContext {
  fs::path data_dir;  // of the scenarios
  DataPath data;
  fs::path own_directory;
  Interruption* interruption = nullptr;
};

class ScenarioTest : public testing::Test {
 public:
  ScenarioTest(const SuiteContext& context, fs::path file)
      : context_(context), file_(std::move(file)) {}

  void TestBody() override {
    try {
      RunFile();
    } catch (const Interrupted&) {
      throw;  // ends the suite, not this test alone
    } catch (const Failure& failure) {
      FAIL() << failure.what();
    }
  }

 private:
  void RunFile() {
    LoadOptions load;
    load.data = context_.data;
    const LoadedScenario loaded = LoadScenario(file_, load);
    const ProgramSearch search = FindProgram(loaded.profile, "", context_.own_directory);
    if (!search.problem.empty()) {
      GTEST_SKIP() << search.problem;
    }
    const Resources& resources = loaded.scenario.resources;
    const std::string lack =
        LackOfHugepages(resources.HugepagesMb(), resources.hugetlbfs_mb.has_value());
    if (!lack.empty()) {
      GTEST_SKIP() << lack;
    }
    ScenarioOptions options;
    options.program = search.program;
    options.agent = RequireAgent(context_.own_directory);
    if (::access(context_.own_directory.c_str(), W_OK) ==
        0) {  // an installation has no cache there
      options.cache_dir = context_.own_directory / "suite-cache";
    }
    ColdExecutor executor(context_.interruption);
    Report(RunScenario(loaded, options, executor));
  }

  static void Report(const ScenarioResult& result) {
    const char* when = result.broken_without_faults ? " (already without faults)" : "";
    for (const Finding& finding : result.findings) {
      if (!finding.known && finding.kind != kEndsByDesign) {
        ADD_FAILURE() << finding.kind << when << ": " << finding.title << "\n"
                      << fmt::format("{}", fmt::join(finding.details, "\n"));
      }
    }
    for (const KnownFinding& known : result.not_seen) {
      ADD_FAILURE() << known.position.ToString()
                    << ": the known finding did not come: " << known.kind << " " << known.pattern;
    }
  }

  const SuiteContext& context_;
  fs::path file_;
};

// "scenarios/dpdk/mp-socket-taken.yaml" is Scenario.dpdk_mp_socket_taken.
std::string TestName(const fs::path& file, const fs::path& data_dir) {
  std::string name = file.lexically_relative(data_dir).replace_extension().string();
  std::replace_if(
      name.begin(), name.end(),
      [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

void RegisterAll(const SuiteContext& context) {
  for (const fs::path& file : FindScenarioFiles(context.data_dir)) {
    testing::RegisterTest("Scenario", TestName(file, context.data_dir).c_str(), nullptr, nullptr,
                          file.c_str(), 1,
                          [&context, file] { return new ScenarioTest(context, file); });
  }
}

int Main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 2) {
    throw Failure::BadInput("usage: faultline-suite [DATA_DIR] [--gtest_...]");
  }
  SuiteContext context;
  context.data = argc == 2 ? FindData({argv[1]}) : FindData();
  context.data_dir = argc == 2 ? context.data.dirs().front() : context.data.shipped();
  context.own_directory = OwnDirectory();
  RegisterAll(context);
  // GoogleTest would take the interruption for a failed test and go on with the next.
  testing::GTEST_FLAG(catch_exceptions) = false;
  Interruption interruption;
  context.interruption = &interruption;
  return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-suite", argc, argv, faultline::Main);
}
