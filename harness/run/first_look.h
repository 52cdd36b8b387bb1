#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/run/argument_places.h"
#include "harness/scenario/profile.h"
#include "harness/target/interruption.h"

namespace faultline {

// What one run without faults shows of a program that nobody has described yet.
struct FirstLook {
  bool detaches = false;           // the started process ended, and one that it forked went on
  bool ended_by_itself = false;    // before it was asked to
  std::filesystem::path executed;  // what it executed in its place; "" = nothing
  std::filesystem::path wraps;     // what it executed in a child, which is the target; "" = nothing
  std::string rpc_method;          // answered on ${rpc_socket}; "" = nobody listens there
  std::string ready_pattern;  // matches the last line of its start that says something; "" = none
  std::string ready_line;     // that line
  // The file or UNIX socket by which it is seen to be up, "${run_dir}/x.sock"; "" = it made none.
  std::string ready_file;
  std::vector<int> tcp_ports;             // that it listens at
  std::vector<std::string> unix_sockets;  // likewise; "${run_dir}/x.sock"
  std::optional<int> stop_signal;         // the signal that ended it
  std::string stop_text;                  // what it ended at when it was typed; "" = nothing
  // How SIGTERM is met, when that is not the stop signal: "it ignores SIGTERM".
  std::string why_not_term;
  ExitStatus exit;
  std::vector<std::string> left;        // as Evidence::left_behind
  std::vector<std::string> last_words;  // of its log
  std::vector<ArgumentPlace> places;    // outside its run directory, that it filled
};

// Runs `program` as `profile` starts it (its `ready` is not looked at), waits until it has been
// quiet for a while, asks it to end, and says what it saw. It is asked by SIGTERM when it handles
// that, then, when it reads its terminal, by a word or an end of file, then by SIGINT when it
// handles it, and at last by a signal that it merely dies of, which shows nothing of how it ends.
// Takes as long as the program's start, and some seconds more. Failure as Process.
FirstLook LookAtProgram(const std::filesystem::path& program, const Profile& profile,
                        Interruption& interruption);

// A pattern (RE2) for lines like this one: its numbers may be others.
std::string PatternOfLine(const std::string& line);

}  // namespace faultline
