#include "harness/run/failed_calls.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <sstream>

#include "harness/target/file_stream.h"
#include "harness/target/proc_status.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

// Inodes of the sockets that are bound to `path`, or were accepted there, in `pid`'s network
// namespace: the kernel shows the same path for both (proc(5), /proc/net/unix: the inode is the
// seventh field, the path the eighth).
std::set<std::string> SocketsSeenBy(pid_t pid, const std::string& path) {
  std::set<std::string> inodes;
  std::istringstream lines(ReadProcFile(pid, "net/unix"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::array<std::string, 8> fields;
    for (std::string& field : fields) {
      words >> field;
    }
    if (fields[7] == path) {
      inodes.insert(fields[6]);
    }
  }
  return inodes;
}

// The same for `pid` and its clients here. Linux makes the server's end of a connection when the
// client connects, and in the client's namespace (unix_stream_connect, net/unix/af_unix.c).
std::set<std::string> SocketsAt(pid_t pid, const std::string& path) {
  std::set<std::string> inodes = SocketsSeenBy(pid, path);
  inodes.merge(SocketsSeenBy(::getpid(), path));
  return inodes;
}

// What descriptor `fd` of process `pid` leads to: "socket:[4711]"; "" when it is closed.
std::string LinkOf(pid_t pid, int fd) {
  std::array<char, 64> link;
  const ssize_t size =
      readlink(fmt::format("/proc/{}/fd/{}", pid, fd).c_str(), link.data(), link.size());
  return size < 0 ? "" : std::string(link.data(), static_cast<size_t>(size));
}

}  // namespace

std::vector<FailedCalls::FailedCall> FailedCalls::CallsSince(int step) const {
  std::vector<FailedCall> calls;
  if (!hooking_.wanted()) {
    return calls;
  }
  const Plan& plan = hooking_.plan();
  uint64_t position = 0;
  for (const JournalRecord& record : hooking_.journal().RecordsFrom(position)) {
    if (record.kind != JournalRecord::kInjected || std::cmp_less(record.step, step) ||
        record.index >= plan.points.size() || record.rule >= plan.faults.size()) {
      continue;
    }
    const auto fault =
        std::find_if(request_.faults.begin(), request_.faults.end(),
                     [&](const Fault& one) { return one.id == plan.faults[record.rule]; });
    const FaultPoint* point = request_.catalogue.FindPoint(plan.points[record.index]);
    if (point != nullptr && fault != request_.faults.end() &&
        fault->action == Fault::Action::kFail) {
      calls.push_back({point, protocol::ArgumentsOf(record)});
    }
  }
  return calls;
}

bool FailedCalls::IsOutput(const FailedCall& call) const {
  const FileArgument& file = *call.point->file;
  const uint64_t argument = call.arguments.at(static_cast<size_t>(file.argument));
  switch (file.kind) {
    case FileArgument::Kind::kStdout:
      return true;
    case FileArgument::Kind::kDescriptor:
      return process_.IsOutput(static_cast<int>(argument));
    case FileArgument::Kind::kStream:
      break;
  }
  if (argument == 0) {
    return true;
  }
  const std::optional<int> descriptor = DescriptorOfStream(process_.pid(), argument);
  return descriptor && (*descriptor < 0 || process_.IsOutput(*descriptor));
}

std::string FailedCalls::LostOutput() const {
  for (const FailedCall& call : CallsSince(0)) {
    if (call.point->writes && call.point->file && IsOutput(call)) {
      return call.point->name;
    }
  }
  return "";
}

std::string FailedCalls::LostChannel(int step) const {
  const std::vector<FailedCall> calls = CallsSince(step);
  if (calls.empty()) {
    return "";
  }
  std::set<std::string> inodes = SocketsAt(process_.pid(), rpc_socket_.string());
  inodes.insert(known_.begin(), known_.end());
  for (const FailedCall& call : calls) {
    if (!call.point->file || call.point->file->kind != FileArgument::Kind::kDescriptor) {
      continue;
    }
    const auto fd =
        static_cast<int>(call.arguments.at(static_cast<size_t>(call.point->file->argument)));
    const std::string link = LinkOf(process_.pid(), fd);
    if (std::any_of(inodes.begin(), inodes.end(),
                    [&](const std::string& inode) { return link == "socket:[" + inode + "]"; })) {
      return call.point->name;
    }
  }
  return "";
}

std::string FailedCalls::AnyFailure(int step) const {
  const std::vector<FailedCall> calls = CallsSince(step);
  return calls.empty() ? "" : calls.front().point->name;
}

}  // namespace faultline
