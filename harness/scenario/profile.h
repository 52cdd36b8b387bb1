#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/source_position.h"

// How a kind of target is started, known to be ready, driven and stopped.
namespace faultline {

// A request to the target.
struct RpcCall {
  std::string method;     // "" = none
  nlohmann::json params;  // null = no params
};

// How a target is brought to its end once the steps are done.
struct StopAction {
  enum class Kind {
    kSignal,    // Profile::stop_signal
    kRpc,       // Profile::stop_rpc
    kRun,       // a command, `argv`
    kType,      // `text`, into its terminal or stdin
    kByItself,  // nobody asks: it runs to completion
  };
  Kind kind = Kind::kSignal;
  std::vector<std::string> argv;  // kept for ExpandForRun, as the text is
  std::string text;
  SourcePosition position;
};

// What counts as a clean end when nothing failed.
struct CleanEnd {
  std::vector<int> exit_codes = {0};
  std::vector<int> signals;  // numbers; many programs die of SIGTERM by design
};

// What a file says about the end; the rest is as it was.
struct EndRules {
  std::optional<StopAction> stop;
  std::optional<int> stop_signal;
  std::optional<RpcCall> stop_rpc;
  std::optional<std::vector<int>> clean_exit_codes;
  std::optional<std::vector<int>> clean_signals;
};

// How a kind of target is known to be ready, to have crashed in its own words, and so on.
struct ReadyCondition {
  enum class Kind {
    kRpcSocket,  // its RPC socket accepts a connection and answers rpc_method
    kLogLine,    // a line matches `value`
    kStarted,    // the process exists; nothing else to wait for
    kFile,       // it has made or changed the file or UNIX socket `value`
    kPort,       // somebody listens at the TCP port `value`
  };
  Kind kind = Kind::kStarted;
  std::string rpc_method;  // of kRpcSocket; "" = connecting is enough
  // Of kLogLine a regular expression (RE2), of kFile a path (a relative one is below the run
  // directory), of kPort a number from 1 to 65535. Run-time names in it are variables.
  std::string value;
};

// Upper bounds; a run uses the smaller of these and the limits calibrated from the fault-free run.
struct LimitsMs {
  int start = 30'000;
  int rpc = 30'000;
  int stop = 15'000;
};

// A line of the target's log that an oracle reads as a fact. `kind` is the kind of finding
// ("io-device-missing", "crash"); group 1 of the pattern, when there is one, is the object's name.
struct LogPattern {
  std::string kind;
  std::string pattern;
  std::string note;
  SourcePosition position;
};

// An abort on purpose, by the line that announces it.
struct DeliberateAbort {
  std::string pattern;
  bool allowed = false;  // this kind of target may end so: then it is no finding
  std::string note = {};
  // The note holds only where this pattern is found in something that the target printed, as the
  // line with its version. "": everywhere.
  std::string note_when = {};
  SourcePosition position = {};
};

// A read-only request by whose answer a target tells its state.
struct StateProbe {
  RpcCall call;
  // Members that name an element of a list of maps; the first that it has counts. The order of such
  // lists means nothing.
  std::vector<std::string> keys;
  // Members that are left out, or, with `only`, the ones that count: "busy", or with the members
  // above it "threads.busy"; `*` is any one member. Lists are passed through.
  std::vector<std::string> not_state;
  std::vector<std::string> only;
  // What a successful request adds to the answer must be there also when a call failed in it. Not
  // so where what is added comes and goes by itself.
  bool promised = true;
  SourcePosition position;
};

// A request that, when it fails, need not leave the state as it was.
struct PartialFailure {
  std::string method;               // a `*` at its end stands for any rest
  std::vector<std::string> probes;  // whose state may differ; empty: of all
  bool again = true;                // sent again it must do what it does in the fault-free run
  std::string note;                 // where that is documented
  SourcePosition position;

  bool Covers(const std::string& other) const;
  bool Allows(const std::string& probe) const;
};

// What a sweep of a name looks at, as the options of `faultline sweep` of the same names say it.
struct SweepDefinition {
  std::vector<std::string> points, exclude, groups;
  std::vector<std::string> modules, subsystems, callers, files;
  int from_step = 0;  // only this step of the scenario and the later ones, from 1; 0 = all
  std::vector<std::string> modes;
  std::string budget;
  int occurrences = 0;        // 0 = not said
  bool only_changed = false;  // meant for what changed: needs --changed-since
  SourcePosition position;
};

// How it is proven that a target has its required arguments which it reads from a file or a
// database. It is held at the first call of a function, before that does anything.
struct ArgumentsProof {
  std::string function;  // "" = they stand on the command line
  // Group 1 of each line that matches is a command line, in words; "" = the function's own
  // arguments are looked at, as main() has them: (int argc, char** argv).
  std::string log_pattern;
};

struct Profile {
  std::string name;
  std::filesystem::path file;  // "" = it was not read from one
  std::string summary;
  std::string program;           // default program; a bare name is looked up beside faultline, then
                                 // in PATH; "" = --program or program_variable is needed
  std::string program_variable;  // environment variable that holds the path ("FAULTLINE_SPDK_TGT")
  std::string package;           // Debian package that has the program; "" = none
  // The target's arguments, in this order: args, then one of the two memory lists, the scenario's
  // extra_args, app_args (from "--" on). Each may use ${...}; see load_profile.h for the names.
  std::vector<std::string> args;
  std::vector<std::string> args_with_hugetlbfs;  // when the scenario asks for a hugetlbfs mount
  std::vector<std::string> args_without_hugetlbfs;
  std::vector<std::string> app_args;
  std::vector<std::string> required_args;  // must stand before "--" ("--no-pci")
  ArgumentsProof arguments_proof;
  std::vector<std::string>
      leftovers;  // globs (${pid}) of files outside the run directory that the
                  // target leaves even after a clean stop; removed after the run
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> variables;  // defaults of ${...}
  bool terminal = false;                         // stdin/stdout/stderr are a pseudo-terminal
  bool rpc = false;                              // speaks JSON-RPC on ${rpc_socket}
  RpcCall stop_rpc;                              // asks it to stop, as stop_signal does
  ReadyCondition ready;
  StopAction stop;
  int stop_signal = 15;  // the one that asks it to stop, also where `stop` is done otherwise
  CleanEnd clean;
  // The process that is started ends by itself, and one that it has forked is the target.
  bool detaches = false;
  // The program, by its path or the name of its file, that the started one executes in a child and
  // waits for: that child is the target. "": it is found out; "none": there is no such.
  std::string wraps;
  LimitsMs limits_ms;
  // MiB of the hugetlbfs that a scenario has for each of its targets of this profile when it says
  // nothing of `resources: {hugetlbfs_mb: ...}`; 0 = none.
  int hugetlbfs_mb = 0;
  std::vector<std::string> catalogues;  // file names below scenarios/catalogue/, without .yaml
  SourcePosition catalogues_position;   // where they were named
  // Registries (Observer::registry) of which this kind of target leaves nothing behind once it has
  // unwound, whatever its fault-free run leaves. Observer::never_stays holds for every kind.
  std::vector<std::string> never_stays;
  SourcePosition never_stays_position;
  std::vector<LogPattern> log_patterns;
  std::vector<DeliberateAbort> deliberate_abort;
  // Patterns of log lines by which the target reports an error to its users. Empty: its log is no
  // report, only answers and exit codes are.
  std::vector<std::string> error_lines;
  std::vector<StateProbe> state_probes;  // methods are unique; needs `rpc`
  std::vector<PartialFailure> partial_failures;
  std::map<std::string, SweepDefinition> sweeps;  // by name; the scenario's are among them
  SourcePosition position;
};

}  // namespace faultline
