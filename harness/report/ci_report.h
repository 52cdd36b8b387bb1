#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/report/run_report.h"
#include "harness/report/sweep_digest.h"

// What CI systems are told, whatever was done: a run, several scenarios or a sweep. JUnit, SARIF,
// Markdown and annotations are written from it alone, so that all of them say the same.
namespace faultline {

// A finding in words.
struct CiFinding {
  std::string id;  // see FindingId
  std::string kind;
  std::string title;
  std::string signature;
  std::string point;   // the fault point that was made to fail; "" = none
  std::string status;  // as in DigestFinding; "seen" in a single run
  std::string why;     // what the status rests on; may be empty
  bool known = false;
  bool fails = false;  // it fails the command
  std::string note;    // of a known one
  std::string reference;
  std::string injected;  // "dpdk/ring/create in f < g failed once"; "" = nothing was
  std::string exit;      // how the target ended
  std::string expected;  // what it should have done, without a subject; see ContractOf
  std::vector<std::string> details;
  std::vector<std::pair<std::string, Stack>> stacks;  // with names, the first to be read first
  std::vector<std::string> places;  // where a failure shows it, the one that was shown first
  std::vector<std::string> log;     // what the target said at the end
  std::string replay;               // a command; may be empty
};

// Something that passed or not, by which it is known from one build to the next.
struct CiCase {
  enum class Result {
    kPassed,
    kFailed,
    kError,    // the harness or the machine could not tell
    kSkipped,  // nobody looked, or what was seen is not to be believed
  };
  std::string group;  // within its suite: a kind of finding, a fault point
  std::string name;   // unique within its group
  Result result = Result::kPassed;
  std::string type;     // of what was not passed: "leak", "not reached"
  std::string message;  // one line; empty when it passed
  std::string body;     // all that matters, in lines
  int64_t duration_ms = 0;
};

// A scenario that was run, or one half of a sweep: what was found, and the places that are well.
struct CiSuite {
  std::string name;
  std::vector<std::pair<std::string, std::string>> properties;  // "program": path, ...
  std::vector<CiCase> cases;
};

struct CiReport {
  std::string title;    // what was done: "sweep of testpmd-start"
  std::string verdict;  // in words
  std::string version;  // of Faultline
  std::string time;     // when it was made, ISO 8601 in UTC, without a zone
  std::vector<std::pair<std::string, std::string>> figures;  // "runs": "123"
  std::vector<CiSuite> suites;
  std::vector<CiFinding> findings;                          // in the order of the digest
  std::vector<std::vector<size_t>> causes;                  // indexes into findings
  std::vector<std::string> cause_titles;                    // of each of these
  std::vector<std::string> notes;                           // what else is to be known
  std::vector<std::pair<std::string, std::string>> errors;  // what could not be done: name, reason
  bool unfinished = false;

  bool passed() const;
};

// What a sweep knows besides its store.
struct CiSweepContext {
  std::string store_file;
  std::string replay_options = {};  // see PageOptions
  std::vector<std::pair<std::string, std::string>> errors;
  std::vector<std::string> notes;
  std::vector<Finding> fault_free_findings;  // then nothing else was done
  // The places that the selection has and no run made fail, by hash: the budget ended before. All
  // others without a run are no matter of the sweep, and no test cases.
  std::set<std::string> not_visited = {};
};

CiReport CiReportOf(const SweepDigest& digest, const CiSweepContext& context);

// One scenario; `Add` makes a report of several.
CiReport CiReportOf(const RunReport& run, std::string_view version);
void Add(CiReport one, CiReport& all);

// A case of a scenario that could not be run (kError) or was not to be (kSkipped).
CiReport CiReportOfUnjudged(const std::string& scenario, CiCase::Result result,
                            const std::string& why, std::string_view version);

// Now, as CiReport::time has it.
std::string CiTimeNow();

// Of a report file of something that has only begun.
CiReport UnfinishedCiReport(std::string_view title, std::string_view version);

// What a person needs to know of `finding`, in lines of plain text, escaped.
std::string TextOf(const CiFinding& finding);

// The frame at which a tool for source code should show `finding`: the first with a line in its
// first stack that has one, nullptr when none has. Below `root`, the target's source tree, when
// that is known and has any of them.
const Frame* PlaceToShow(const CiFinding& finding, const std::filesystem::path& root);

}  // namespace faultline
