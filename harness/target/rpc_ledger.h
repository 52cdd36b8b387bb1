#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/evidence.h"

namespace faultline {

struct RpcAnswer {
  RpcExchange::Outcome outcome = RpcExchange::Outcome::kNoAnswer;
  // The result or the error member; null for kNoAnswer and kGone. What is not JSON-RPC gives kError
  // with code kNotJsonRpc and a message that begins with kNotJsonRpcMessage.
  nlohmann::json value;
};

// JSON-RPC's own code for "parse error".
inline constexpr int kNotJsonRpc = -32700;
inline constexpr std::string_view kNotJsonRpcMessage = "the target's answer is not JSON-RPC 2.0";

// Which requests of a client wait for an answer, and which answer is whose. Knows no socket. What a
// target answers is data: nothing here fails. Not thread-safe.
class RpcLedger {
 public:
  // With `keeps_answers` those that were taken are kept, for Resume.
  explicit RpcLedger(bool keeps_answers) : keeps_answers_(keeps_answers) {}
  // The ledger of a copy of the client that has `other`. Requests with an id above `mark` are made
  // again there: Next() gives out their ids once more, until StopResuming().
  static RpcLedger Resume(const RpcLedger& other, uint64_t mark);

  uint64_t last_id() const { return last_id_; }
  void StopResuming() { resumed_.clear(); }

  struct NextRequest {
    uint64_t id = 0;
    bool is_new = true;  // false: was sent already
  };
  // The request that is made next waits for an answer from now on.
  NextRequest Next();
  // That one has no id of its own: see JsonRpcClient::SendRaw.
  void MarkRaw(uint64_t id) { raw_.insert(id); }

  std::optional<RpcAnswer> Take(uint64_t id);
  bool Has(uint64_t id) const { return answers_.contains(id); }
  void Forget(uint64_t id);

  // Notes an answer, or several, as the target has written them. What is not JSON-RPC, "" for what
  // is.
  std::string Read(const std::string& text);
  void Deliver(uint64_t id, RpcAnswer answer);
  // No more answers come: what waits is answered with this.
  void Close(const RpcAnswer& answer);

  void Note(const std::string& text);
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::string ReadOne(const nlohmann::json& message);

  bool keeps_answers_;
  uint64_t last_id_ = 0;
  std::set<uint64_t> pending_;
  std::set<uint64_t> raw_;  // of those, the ones without an id of their own
  std::set<uint64_t> forgotten_;
  std::map<uint64_t, RpcAnswer> answers_;
  std::map<uint64_t, RpcAnswer> taken_;  // when it keeps them
  std::deque<uint64_t> resumed_;         // ids of requests that are to be made again
  std::vector<std::string> notes_;
};

}  // namespace faultline
