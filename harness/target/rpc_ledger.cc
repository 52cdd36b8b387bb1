#include "harness/target/rpc_ledger.h"

#include <fmt/format.h>

#include <utility>

namespace faultline {
namespace {

constexpr size_t kMaxNotes = 100;
constexpr size_t kMaxQuotedBytes = 200;

std::string Quote(const std::string& text) {
  return text.size() <= kMaxQuotedBytes ? text : text.substr(0, kMaxQuotedBytes) + "...";
}

}  // namespace

RpcLedger RpcLedger::Resume(const RpcLedger& other, uint64_t mark) {
  RpcLedger ledger = other;
  ledger.keeps_answers_ = false;
  ledger.taken_.clear();
  ledger.resumed_.clear();
  for (uint64_t id = mark + 1; id <= other.last_id_; ++id) {
    ledger.resumed_.push_back(id);
    if (const auto taken = other.taken_.find(id); taken != other.taken_.end()) {
      ledger.answers_.insert(*taken);
    }
  }
  return ledger;
}

RpcLedger::NextRequest RpcLedger::Next() {
  if (!resumed_.empty()) {
    const uint64_t id = resumed_.front();
    resumed_.pop_front();
    return {id, false};
  }
  pending_.insert(++last_id_);
  return {last_id_, true};
}

std::optional<RpcAnswer> RpcLedger::Take(uint64_t id) {
  auto node = answers_.extract(id);
  if (node.empty()) {
    return std::nullopt;
  }
  if (keeps_answers_) {
    taken_.insert_or_assign(id, node.mapped());
  }
  return std::move(node.mapped());
}

void RpcLedger::Forget(uint64_t id) {
  answers_.erase(id);
  const bool is_raw = raw_.erase(id) != 0;
  if (pending_.erase(id) != 0 && !is_raw) {
    forgotten_.insert(id);
  }
}

std::string RpcLedger::Read(const std::string& text) {
  const nlohmann::json message = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (message.is_discarded()) {
    return "no valid JSON: " + Quote(text);
  }
  if (!message.is_array()) {
    return ReadOne(message);
  }
  // The answer to a batch; we send none, but each element is a message of its own.
  for (const nlohmann::json& element : message) {
    if (std::string wrong = ReadOne(element); !wrong.empty()) {
      return wrong;
    }
  }
  return "";
}

std::string RpcLedger::ReadOne(const nlohmann::json& message) {
  if (message.is_object() && message.contains("method") && !message.contains("id")) {
    return "";  // a notification
  }
  const bool has_result = message.is_object() && message.contains("result");
  const bool has_error = message.is_object() && message.contains("error");
  if (has_result == has_error) {
    return "neither result nor error, or both: " + Quote(message.dump());
  }
  RpcAnswer answer{has_error ? RpcExchange::Outcome::kError : RpcExchange::Outcome::kResult,
                   message.at(has_error ? "error" : "result")};
  const auto id = message.find("id");
  const bool has_number = id != message.end() && id->is_number_unsigned();
  const uint64_t number = has_number ? id->get<uint64_t>() : 0;
  const bool is_asked = has_number && !raw_.contains(number) &&
                        (pending_.contains(number) || forgotten_.contains(number));
  if (!is_asked && !raw_.empty()) {
    Deliver(*raw_.begin(), std::move(answer));
  } else if (has_number) {
    Deliver(number, std::move(answer));
  } else if (has_error && (id == message.end() || id->is_null()) && !pending_.empty()) {
    // A request that it could not even parse: servers answer in order until then, so the oldest.
    Deliver(*pending_.begin(), std::move(answer));
  } else {
    Note("an answer without the id of a request: " + Quote(message.dump()));
  }
  return "";
}

void RpcLedger::Deliver(uint64_t id, RpcAnswer answer) {
  raw_.erase(id);
  if (pending_.erase(id) != 0) {
    answers_.emplace(id, std::move(answer));
  } else if (forgotten_.erase(id) == 0) {
    Note(fmt::format("an answer to a request that was never made, id {}", id));
  }
}

void RpcLedger::Close(const RpcAnswer& answer) {
  for (const uint64_t id : pending_) {
    answers_.emplace(id, answer);
  }
  pending_.clear();
  raw_.clear();
}

void RpcLedger::Note(const std::string& text) {
  if (notes_.size() < kMaxNotes) {
    notes_.push_back(text);
  }
}

}  // namespace faultline
