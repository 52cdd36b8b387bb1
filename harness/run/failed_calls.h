#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/run/hooking.h"
#include "harness/target/process.h"

namespace faultline {

// What the calls that were made to fail so far were about, as far as that decides what the harness
// can see of the target: its log, and its end of the harness's RPC connection. See
// FaultPoint::file. To be asked while the target lives.
class FailedCalls {
 public:
  // All is borrowed; `hooking` may want nothing.
  FailedCalls(const RunRequest& request, Hooking& hooking, const Process& process,
              std::filesystem::path rpc_socket)
      : request_(request),
        hooking_(hooking),
        process_(process),
        rpc_socket_(std::move(rpc_socket)) {}

  // Sockets, by their inodes, that lead to a client of the RPC socket although they have no path.
  void Know(std::set<std::string> inodes) { known_ = std::move(inodes); }

  // The point of a call that should have written to the target's output ("libc/file/fflush"); ""
  // when there was none. A stream without a descriptor counts: DPDK's log is one, and leads there.
  std::string LostOutput() const;
  // The same for a call on a socket that was bound to the RPC socket's path, or accepted there; ""
  // when there was none since step `step` began.
  std::string LostChannel(int step) const;
  // The point of any call that was made to fail since step `step` began; "" when there was none.
  std::string AnyFailure(int step) const;

 private:
  struct FailedCall {
    const FaultPoint* point;
    std::array<uint64_t, protocol::kArguments> arguments;
  };
  std::vector<FailedCall> CallsSince(int step) const;
  bool IsOutput(const FailedCall& call) const;

  const RunRequest& request_;
  Hooking& hooking_;
  const Process& process_;
  std::filesystem::path rpc_socket_;
  std::set<std::string> known_;
};

}  // namespace faultline
