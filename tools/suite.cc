// The regression suite: every scenario file is a GoogleTest test, found when the program starts, so
// that filters, sharding, repeating and XML reports come with GoogleTest. A test passes when the
// findings are exactly the scenario's known_findings, and is skipped when its program is not here
// or the machine cannot give it the hugepages that it asks for. --report tells all of them in the
// formats that `faultline run` knows.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/base/output_file.h"
#include "harness/base/precious_file.h"
#include "harness/base/shell_words.h"
#include "harness/oracle/ends_by_design.h"
#include "harness/report/report_files.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_scenario.h"
#include "harness/scenario/check_commands.h"
#include "harness/scenario/data_dir.h"
#include "harness/target/interruption.h"
#include "harness/target/machine.h"
#include "tools/program_main.h"
#include "tools/run_digest.h"
#include "tools/suite_options.h"
#include "tools/suite_report.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

struct SuiteContext {
  fs::path data_dir;  // of the scenarios
  DataPath data;
  fs::path own_directory;
  Interruption* interruption = nullptr;
  SuiteReport* report = nullptr;
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
      context_.report->AddUnjudged(name_, file_, CiCase::Result::kError, failure.what());
      FAIL() << failure.what();
    }
  }

 private:
  void RunFile() {
    LoadOptions load;
    load.data = context_.data;
    const LoadedScenario loaded = LoadScenario(file_, load);
    name_ = loaded.scenario.name;
    const ProgramSearch search = FindProgram(loaded.profile, "", context_.own_directory);
    if (!search.problem.empty()) {
      context_.report->AddUnjudged(name_, file_, CiCase::Result::kSkipped, search.problem);
      GTEST_SKIP() << search.problem;
    }
    for (const std::shared_ptr<const Target>& target : loaded.scenario.targets) {
      const ProgramSearch other = FindProgram(target->profile, "", context_.own_directory);
      if (!other.problem.empty()) {
        context_.report->AddUnjudged(name_, file_, CiCase::Result::kSkipped, other.problem);
        GTEST_SKIP() << other.problem;
      }
    }
    RequireCommands(loaded);
    const Resources& resources = loaded.scenario.resources;
    const std::string lack =
        LackOfHugepages(resources.HugepagesMb(), resources.hugetlbfs_mb.has_value());
    if (!lack.empty()) {
      context_.report->AddUnjudged(name_, file_, CiCase::Result::kSkipped, lack);
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
    const ScenarioResult result = RunScenario(loaded, options, executor);
    context_.report->AddRun(
        {.evidence = result.evidence,
         .findings = result.findings,
         .not_seen = result.not_seen,
         .broken_without_faults = result.broken_without_faults,
         .replay_command = JoinForShell({"faultline", "run", file_}),
         .gdb_command = result.evidence.injections.empty()
                            ? ""
                            : JoinForShell({"faultline", "run", file_, "--gdb"}),
         .leaks_not_judged = result.leaks_not_judged,
         .gave_up = result.gave_up});
    Report(result);
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
                    << ": the known finding was not observed: " << known.kind << " "
                    << known.pattern;
    }
  }

  const SuiteContext& context_;
  fs::path file_;
  std::string name_ = file_;  // the scenario's once that is known
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

struct Arguments {
  std::string data_dir;
  std::vector<std::string> reports;
};

// What GoogleTest left of the arguments.
Arguments Parse(int argc, char** argv) {
  constexpr std::string_view kReport = "--report";
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--report=")) {
      arguments.reports.push_back(word.substr(kReport.size() + 1));
    } else if (word == kReport && i + 1 < argc) {
      arguments.reports.emplace_back(argv[++i]);
    } else if (!word.starts_with("-") && arguments.data_dir.empty()) {
      arguments.data_dir = word;
    } else {
      throw Failure::BadInput(
          "unexpected `" + word +
          "`: usage: faultline-suite [DATA_DIR] [--report FORMAT=FILE,...] [--gtest_...]");
    }
  }
  return arguments;
}

// --gtest_output=xml:FILE. GoogleTest itself replaces whatever is there, and aborts when it cannot.
void CheckGoogleTestsOutput() {
  const std::string output = testing::GTEST_FLAG(output);
  const size_t colon = output.find(':');
  const std::string file = colon == std::string::npos ? "" : output.substr(colon + 1);
  if (file.empty() || file.ends_with('/')) {
    return;  // a name of GoogleTest's own
  }
  std::error_code error;
  fs::create_directories(fs::absolute(file).parent_path(), error);  // as it does
  const OutputFile checked("--gtest_output", file);
  RequireNoDataFile("--gtest_output", file);
}

// A filter that is misspelt must not be a green build; a shard may be empty.
void RequireTests() {
  const char* shards = std::getenv("GTEST_TOTAL_SHARDS");
  const bool is_shard = shards != nullptr && std::string_view(shards) != "1";
  if (!is_shard && testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
    throw Failure::BadInput(
        "no scenario matches --gtest_filter=" + std::string(testing::GTEST_FLAG(filter)) +
        ": --gtest_list_tests lists them");
  }
}

int Main(int argc, char** argv) {
  bool wants_help = false;
  for (const std::string_view word : std::vector<std::string_view>(argv + 1, argv + argc)) {
    if (word == "--help" || word == "-h") {
      WriteResult(SuiteHelp());
      wants_help = true;
    } else if (word == "--version") {
      PrintResult("faultline-suite {}\n", OwnVersion());
      return 0;
    }
  }
  testing::InitGoogleTest(&argc, argv);
  if (wants_help) {
    return RUN_ALL_TESTS();  // runs none
  }
  CheckGoogleTestsOutput();
  const Arguments arguments = Parse(argc, argv);
  ReportFiles reports(arguments.reports, "scenarios", OwnVersion());
  SuiteReport report;
  SuiteContext context;
  context.report = &report;
  const bool is_own = !arguments.data_dir.empty();
  context.data = is_own ? FindData({arguments.data_dir}) : FindData();
  context.data_dir = is_own ? context.data.dirs().front() : context.data.shipped();
  context.own_directory = OwnDirectory();
  RegisterAll(context);
  // GoogleTest would take the interruption for a failed test and go on with the next.
  testing::GTEST_FLAG(catch_exceptions) = false;
  Interruption interruption;
  context.interruption = &interruption;
  if (testing::GTEST_FLAG(list_tests)) {
    return RUN_ALL_TESTS();
  }
  return reports.Guard([&] {
    reports.Begin("scenarios", UnfinishedSuite());
    const int code = RUN_ALL_TESTS();
    RequireTests();
    reports.Finish(report.Content());
    return code;
  });
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-suite", argc, argv, faultline::Main);
}
