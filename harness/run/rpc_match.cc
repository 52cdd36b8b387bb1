#include "harness/run/rpc_match.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/line_pattern.h"
#include "harness/run/answer_value.h"

namespace faultline {
namespace {

constexpr size_t kMostBytesShown = 200;

std::string Cut(std::string text) {
  if (text.size() > kMostBytesShown) {
    text = text.substr(0, kMostBytesShown) + "...";
  }
  return text;
}

std::string ShowAnswer(const nlohmann::json& value) {
  return Cut(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string ErrorMessage(const nlohmann::json& error) {
  if (error.is_object() && error.contains("message") && error["message"].is_string()) {
    return error["message"].get<std::string>();
  }
  return "";
}

bool ErrorMatches(const nlohmann::json& error, const RpcExpectation& expectation) {
  if (expectation.code &&
      !(error.is_object() && error.contains("code") && error["code"] == *expectation.code)) {
    return false;
  }
  return expectation.message_pattern.empty() ||
         LinePattern(expectation.message_pattern).Matches(ErrorMessage(error));
}

bool Meets(const RpcExchange& exchange, const RpcExpectation& expectation) {
  using Outcome = RpcExchange::Outcome;
  switch (expectation.kind) {
    case RpcExpectation::Kind::kResult:
      return exchange.outcome == Outcome::kResult &&
             (!expectation.value || Contains(exchange.answer, *expectation.value)) &&
             FirstFailed(exchange.answer, expectation.where).empty();
    case RpcExpectation::Kind::kError:
      return exchange.outcome == Outcome::kError && ErrorMatches(exchange.answer, expectation);
    case RpcExpectation::Kind::kNoAnswer:
      return exchange.outcome == Outcome::kNoAnswer;
    case RpcExpectation::Kind::kGone:
      return exchange.outcome == Outcome::kGone;
  }
  return false;
}

std::string Describe(const RpcExpectation& expectation) {
  switch (expectation.kind) {
    case RpcExpectation::Kind::kResult: {
      std::string text =
          expectation.value ? "a result with " + ShowAnswer(*expectation.value) : "a result";
      for (const ValueTest& test : expectation.where) {
        text += ", " + Describe(test);
      }
      return text;
    }
    case RpcExpectation::Kind::kError: {
      std::string text = expectation.code ? fmt::format("error {}", *expectation.code) : "an error";
      if (!expectation.message_pattern.empty()) {
        text += " that says `" + expectation.message_pattern + "`";
      }
      return text;
    }
    case RpcExpectation::Kind::kNoAnswer:
      return "no answer in time";
    case RpcExpectation::Kind::kGone:
      return "the end of the target";
  }
  return "";
}

}  // namespace

bool Contains(const nlohmann::json& actual, const nlohmann::json& expected) {
  if (expected.is_array()) {
    return actual.is_array() &&
           std::equal(actual.begin(), actual.end(), expected.begin(), expected.end(), Contains);
  }
  if (!expected.is_object()) {
    return actual == expected;
  }
  return actual.is_object() &&
         std::all_of(expected.items().begin(), expected.items().end(), [&](const auto& member) {
           const auto found = actual.find(member.key());
           return found != actual.end() && Contains(*found, member.value());
         });
}

bool MeetsAny(const RpcExchange& exchange, const std::vector<RpcExpectation>& expect) {
  if (expect.empty()) {
    return Meets(exchange, RpcExpectation{});
  }
  return std::any_of(expect.begin(), expect.end(), [&](const RpcExpectation& expectation) {
    return Meets(exchange, expectation);
  });
}

bool MustFail(const std::vector<RpcExpectation>& expect) {
  return !expect.empty() &&
         std::none_of(expect.begin(), expect.end(), [](const RpcExpectation& expectation) {
           return expectation.kind == RpcExpectation::Kind::kResult;
         });
}

std::vector<RpcExpectation> ExpandForRun(std::vector<RpcExpectation> expect,
                                         const Variables& values,
                                         const std::map<std::string, nlohmann::json>& saved) {
  for (RpcExpectation& expectation : expect) {
    if (expectation.value) {
      expectation.value = ExpandJsonForRun(*expectation.value, values, saved);
    }
    expectation.where = ExpandForRun(std::move(expectation.where), values, saved);
  }
  return expect;
}

std::string DescribeUnmet(const RpcExchange& exchange, const std::vector<RpcExpectation>& expect) {
  std::string text = "expected " + Describe(expect) + ", got " + Describe(exchange);
  for (const RpcExpectation& expectation : expect) {
    if (expectation.kind == RpcExpectation::Kind::kResult &&
        exchange.outcome == RpcExchange::Outcome::kResult) {
      const std::string failed = FirstFailed(exchange.answer, expectation.where);
      text += failed.empty() ? "" : " (" + failed + ")";
    }
  }
  return text;
}

std::string Describe(const std::vector<RpcExpectation>& expect) {
  std::string text;
  for (const RpcExpectation& expectation : expect) {
    text += (text.empty() ? "" : " or ") + Describe(expectation);
  }
  return text.empty() ? "a result" : text;
}

std::string Describe(const RpcExchange& exchange) {
  switch (exchange.outcome) {
    case RpcExchange::Outcome::kResult:
      return "the result " + ShowAnswer(exchange.answer);
    case RpcExchange::Outcome::kError: {
      const nlohmann::json& error = exchange.answer;
      const bool has_code = error.is_object() && error.contains("code");
      return fmt::format("error {}: {}", has_code ? ShowAnswer(error["code"]) : "without a code",
                         Cut(ErrorMessage(error)));
    }
    case RpcExchange::Outcome::kNoAnswer:
      return fmt::format("no answer in {} ms", exchange.duration_ms);
    case RpcExchange::Outcome::kGone:
      return "the connection ended";
  }
  return "";
}

}  // namespace faultline
