#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/target/clock.h"
#include "harness/target/json_splitter.h"
#include "harness/target/rpc_ledger.h"

namespace faultline {

// JSON-RPC 2.0 over a Unix stream socket as SPDK speaks it: one JSON object per request, no
// delimiter, no newline; answers come in pieces, in any order. What the target does is data: only
// what the harness cannot do (no descriptors left, no such directory) is a Failure.
// Driven by an event loop through fd() and OnReadable(); Call() is there for the simple case.
// Not thread-safe.
class JsonRpcClient {
 public:
  enum class State {
    kWaiting,  // for the socket to appear and to accept
    kConnected,
    kClosed,  // the target closed the connection or spoke nonsense, or Drop(); final
  };

  // Begins to connect to `socket_path`, which need not exist yet; its directory must. With a `name`
  // its end of the connection has that (abstract) name, and it can be copied, see below.
  explicit JsonRpcClient(const std::filesystem::path& socket_path, std::string name = "");
  // The client of a target that has been forked while it had `other`: it has sent what that one has
  // sent, and gets what that one has got. `socket` is its connection; without one it connects and
  // sends all again. Requests that `other` has sent after the one with the id `mark` are not sent
  // once more when the same requests are made of this one, until StopResuming().
  JsonRpcClient(const JsonRpcClient& other, UniqueFd socket, uint64_t mark);
  ~JsonRpcClient();
  JsonRpcClient(const JsonRpcClient&) = delete;
  JsonRpcClient& operator=(const JsonRpcClient&) = delete;

  State state() const { return state_; }
  const std::string& name() const { return name_; }
  uint64_t last_id() const { return ledger_.last_id(); }
  void StopResuming() { ledger_.StopResuming(); }
  // The same for the whole life. Readable whenever OnReadable() has something to do.
  int fd() const { return epoll_.get(); }
  void OnReadable();

  // Closes the connection, as a client that goes away does: what is pending is answered kGone. No
  // effect while kWaiting.
  void Drop();

  // Blocks until connected; false when the deadline passed before.
  bool WaitConnected(Deadline deadline);

  // Sends a request and returns its id; null `params` = none. Pipelined requests are fine. While
  // kWaiting it is queued; when kClosed its answer is kGone at once.
  uint64_t Send(const std::string& method, const nlohmann::json& params);
  struct Request {
    std::string method;
    nlohmann::json params;
  };
  // Several requests in one write, in this order; their ids.
  std::vector<uint64_t> SendTogether(const std::vector<Request>& requests);
  // Bytes as they are. The answer with the id that is returned is the next one whose own id is none
  // of a request that waits for an answer; of several that wait so, the oldest gets it.
  uint64_t SendRaw(std::string_view bytes);
  // The answer once it is here, given out once.
  std::optional<RpcAnswer> TakeAnswer(uint64_t id) { return ledger_.Take(id); }
  bool HasAnswer(uint64_t id) const { return ledger_.Has(id); }
  // Nobody waits for this answer any more: it is dropped when it comes.
  void Forget(uint64_t id) { ledger_.Forget(id); }

  // Send, wait, take; kNoAnswer (and Forget) when the deadline passes.
  RpcAnswer Call(const std::string& method, const nlohmann::json& params, Deadline deadline);

  // What was odd and belongs to no request: answers to requests never made. At most 100.
  const std::vector<std::string>& notes() const { return ledger_.notes(); }

 private:
  void Open();
  void Enqueue(std::string_view bytes);
  void WatchDirectory();
  void TryConnect();
  void RetrySoon();
  void OnDirectoryEvent();
  void OnRetryTimer();
  void Flush();
  void Receive();
  uint64_t Queue(const Request& request);
  void Close(const RpcAnswer& answer_to_pending);
  void ProtocolError(const std::string& what);

  std::filesystem::path path_;
  std::string name_;
  State state_ = State::kWaiting;
  UniqueFd epoll_;
  UniqueFd inotify_;
  UniqueFd timer_;
  UniqueFd socket_;
  int retry_us_ = 0;
  bool wants_write_ = false;
  std::string to_send_;
  JsonSplitter splitter_;
  RpcLedger ledger_;
  std::string queued_;  // all that was to be sent, when it has a name
};

}  // namespace faultline
