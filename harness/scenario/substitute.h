#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "harness/base/failure.h"
#include "harness/scenario/diagnostics.h"

// ${name} in the texts of profiles and scenarios. Two stages: the loaders replace the variables of
// profile, scenario, include and --set; names that only a run knows stay as they are until the
// executor calls ExpandForRun. $$ is a literal $; a $ before anything else stands for itself.
namespace faultline {

using Variables = std::map<std::string, std::string>;

// Names that a run gives values to; no variable may be called like one of them.
//   run_dir      the run's own directory, absolute
//   rpc_socket   path of the target's JSON-RPC socket (in run_dir)
//   file_prefix  DPDK's --file-prefix, unique to the run
//   huge_dir     the run's hugetlbfs mount; only with resources.hugetlbfs_mb
//   cpu          number of a CPU that no other run has claimed, as far as there are enough
//   second_cpu   of another one; the same where there is only one
//   cpu_mask     those two as a mask ("0x3")
//   own_dir      the directory of faultline's own executable, where its own targets lie
//   pid          the target's process id; only once it has started (steps, leftovers)
//   free_port    a TCP and UDP port that nobody listens at
const std::set<std::string>& RunTimeNames();

// A name is [a-z][a-z0-9_]*.
bool IsVariableName(std::string_view name);

// Names that steps have given values to (`save`); they are run-time names from that step on.
using SavedNames = std::set<std::string>;

enum class SubstituteStage {
  kFinal,       // for a text that no run expands: $$ becomes $, run-time names are a mistake
  kKeepForRun,  // $$ and run-time names stay for ExpandForRun
};

// Replaces variables in `text`; a value may itself use variables. Each mistake (unknown name with
// the nearest known one, missing brace, a variable that leads to itself, a result beyond 64 KiB) is
// handed to `complain`, and the result is then unspecified. Thread-safe.
std::string Substitute(std::string_view text, const Variables& variables, SubstituteStage stage,
                       const std::function<void(const std::string& message)>& complain,
                       const SavedNames& saved = {});

// A text names what has no value at this point of a run.
class MissingValue : public Failure {
 public:
  explicit MissingValue(const std::string& message) : Failure(BadInput(message)) {}
};

// The second stage. `values` has the run-time names known so far. A name without a value is a
// MissingValue. Thread-safe.
std::string ExpandForRun(std::string_view text, const Variables& values);

// A reference that stands alone in a plain YAML scalar keeps the type of its value. JSON has no
// place for that, so its text begins with this character.
inline constexpr char kKeepsType = '\x1f';
// The same for every string (not the keys) inside a JSON value. A template, or a text could become
// JSON by itself. `saved` are values of steps as they were answered.
nlohmann::json ExpandJsonForRun(const nlohmann::json& value, const Variables& values,
                                const std::map<std::string, nlohmann::json>& saved = {});
template <std::same_as<nlohmann::json> Json>
Json ExpandForRun(const Json& value, const Variables& values) {
  return ExpandJsonForRun(value, values);
}

}  // namespace faultline
