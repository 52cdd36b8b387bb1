#include "harness/target/json_rpc_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "harness/base/failure.h"
#include "harness/target/run_dir.h"
#include "harness/target/testing/rpc_server.h"

namespace faultline {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Outcome = RpcExchange::Outcome;

constexpr int kRpcLimitMs = 10'000;

class JsonRpcClientTest : public ::testing::Test {
 protected:
  JsonRpcClientTest() : path_(directory_.path() / "rpc.sock"), server_(path_) {}

  // A client that is connected to the server.
  std::unique_ptr<JsonRpcClient> Connected() {
    server_.Bind();
    server_.Listen();
    auto client = std::make_unique<JsonRpcClient>(path_);
    EXPECT_TRUE(client->WaitConnected(InMs(kRpcLimitMs)));
    server_.Accept();
    return client;
  }

  // Drives the client until the answer is there.
  static RpcAnswer Await(JsonRpcClient& client, uint64_t id) {
    const Deadline deadline = InMs(kRpcLimitMs);
    while (!client.HasAnswer(id)) {
      pollfd entry = {.fd = client.fd(), .events = POLLIN, .revents = 0};
      if (poll(&entry, 1, PollTimeoutMs(deadline)) == 0) {
        ADD_FAILURE() << "no answer";
        return {};
      }
      client.OnReadable();
    }
    return *client.TakeAnswer(id);
  }

  RunDirectory directory_;
  std::filesystem::path path_;
  RpcServer server_;
};

TEST_F(JsonRpcClientTest, WaitsForTheSocketToAppearAndToListen) {
  JsonRpcClient client(path_);
  EXPECT_EQ(client.state(), JsonRpcClient::State::kWaiting);
  EXPECT_FALSE(client.WaitConnected(InMs(5)));
  server_.Bind();
  EXPECT_FALSE(client.WaitConnected(InMs(5)));
  server_.Listen();
  EXPECT_TRUE(client.WaitConnected(InMs(kRpcLimitMs)));
}

TEST_F(JsonRpcClientTest, SendsSeveralRequestsInOrder) {
  const auto client = Connected();
  const std::vector<uint64_t> ids = client->SendTogether({{"a", nullptr}, {"b", {{"c", 1}}}});
  EXPECT_THAT(server_.ReadUntil("\"b\""), HasSubstr("\"a\""));
  server_.Send(
      R"({"jsonrpc":"2.0","id":2,"result":"second"}{"jsonrpc":"2.0","id":1,"result":"first"})");
  EXPECT_EQ(Await(*client, ids[0]).value, "first");
  EXPECT_EQ(Await(*client, ids[1]).value, "second");
}

TEST_F(JsonRpcClientTest, RawBytesGetTheNextAnswerThatIsNoOthers) {
  const auto client = Connected();
  const uint64_t asked = client->Send("a", nullptr);
  const uint64_t raw = client->SendRaw("{\"id\": \"x\", \"me");
  EXPECT_THAT(server_.ReadUntil("\"me"), HasSubstr("{\"id\": \"x\", \"me"));
  server_.Send(R"({"jsonrpc":"2.0","id":1,"result":"asked"})");
  EXPECT_EQ(Await(*client, asked).value, "asked");
  EXPECT_FALSE(client->HasAnswer(raw));
  server_.Send(R"({"jsonrpc":"2.0","id":"x","result":"raw"})");
  EXPECT_EQ(Await(*client, raw).value, "raw");
}

TEST_F(JsonRpcClientTest, OfRawBytesThatAreForgottenNobodyGetsAnAnswer) {
  const auto client = Connected();
  client->Forget(client->SendRaw("{"));
  const uint64_t raw = client->SendRaw("}");
  server_.Send(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}})");
  EXPECT_EQ(Await(*client, raw).outcome, Outcome::kError);
}

TEST_F(JsonRpcClientTest, ReplacesAStaleSocketLeftByAnother) {
  RpcServer(path_).Bind();
  JsonRpcClient client(path_);
  EXPECT_FALSE(client.WaitConnected(InMs(5)));
  std::filesystem::remove(path_);
  server_.Bind();
  server_.Listen();
  EXPECT_TRUE(client.WaitConnected(InMs(kRpcLimitMs)));
}

TEST_F(JsonRpcClientTest, AMissingDirectoryIsAFailure) {
  EXPECT_THROW(JsonRpcClient("/no/such/directory/rpc.sock"), Failure);
}

TEST_F(JsonRpcClientTest, APathThatIsTooLongIsAFailure) {
  EXPECT_THROW(JsonRpcClient(directory_.path() / std::string(108, 'x')), Failure);
}

TEST_F(JsonRpcClientTest, SendsWhatSpdkReads) {
  const auto client = Connected();
  client->Send("iobuf_set_options", {{"small_pool_count", 8}});
  const std::string request = server_.ReadUntil("}}");
  EXPECT_EQ(nlohmann::json::parse(request),
            nlohmann::json::parse(R"({"jsonrpc":"2.0","id":1,"method":"iobuf_set_options",)"
                                  R"("params":{"small_pool_count":8}})"));
  client->Send("rpc_get_methods", nullptr);
  EXPECT_THAT(server_.ReadUntil("rpc_get_methods"), Not(HasSubstr("null")));
}

TEST_F(JsonRpcClientTest, QueuesARequestUntilItIsConnected) {
  JsonRpcClient client(path_);
  const uint64_t id = client.Send("early", nullptr);
  server_.Bind();
  server_.Listen();
  ASSERT_TRUE(client.WaitConnected(InMs(kRpcLimitMs)));
  server_.Accept();
  server_.ReadUntil("early");
  server_.Send(R"({"jsonrpc":"2.0","id":1,"result":true})");
  EXPECT_EQ(Await(client, id).value, true);
}

TEST_F(JsonRpcClientTest, PutsAnAnswerTogetherFromPieces) {
  const auto client = Connected();
  const uint64_t id = client->Send("m", nullptr);
  for (const char byte : std::string(R"({"jsonrpc":"2.0","id":1,"result":{"a":"}"}})")) {
    EXPECT_FALSE(client->HasAnswer(id));
    server_.Send({&byte, 1});
    client->OnReadable();
  }
  const RpcAnswer answer = Await(*client, id);
  EXPECT_EQ(answer.outcome, Outcome::kResult);
  EXPECT_EQ(answer.value, nlohmann::json({{"a", "}"}}));
}

TEST_F(JsonRpcClientTest, MatchesPipelinedAnswersInAnyOrder) {
  const auto client = Connected();
  const uint64_t one = client->Send("one", nullptr);
  const uint64_t two = client->Send("two", nullptr);
  server_.Send(R"({"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"no"}})"
               R"({"jsonrpc":"2.0","id":1,"result":1})");
  EXPECT_EQ(Await(*client, one).value, 1);
  const RpcAnswer second = Await(*client, two);
  EXPECT_EQ(second.outcome, Outcome::kError);
  EXPECT_EQ(second.value.at("code"), -32603);
  EXPECT_FALSE(client->TakeAnswer(two).has_value());
}

TEST_F(JsonRpcClientTest, IgnoresNotifications) {
  const auto client = Connected();
  const uint64_t id = client->Send("m", nullptr);
  server_.Send(R"({"jsonrpc":"2.0","method":"event"}{"jsonrpc":"2.0","id":1,"result":1})");
  EXPECT_EQ(Await(*client, id).value, 1);
  EXPECT_THAT(client->notes(), IsEmpty());
}

TEST_F(JsonRpcClientTest, AnErrorWithoutIdIsForTheOldestRequest) {
  const auto client = Connected();
  const uint64_t id = client->Send("m", nullptr);
  server_.Send(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid"}})");
  EXPECT_EQ(Await(*client, id).outcome, Outcome::kError);
}

TEST_F(JsonRpcClientTest, DropsTheLateAnswerOfACallThatTimedOut) {
  const auto client = Connected();
  EXPECT_EQ(client->Call("slow", nullptr, InMs(10)).outcome, Outcome::kNoAnswer);
  const uint64_t id = client->Send("next", nullptr);
  server_.Send(R"({"jsonrpc":"2.0","id":1,"result":"late"}{"jsonrpc":"2.0","id":2,"result":2})");
  EXPECT_EQ(Await(*client, id).value, 2);
  EXPECT_THAT(client->notes(), IsEmpty());
}

TEST_F(JsonRpcClientTest, NotesAnAnswerToNoRequest) {
  const auto client = Connected();
  const uint64_t id = client->Send("m", nullptr);
  server_.Send(R"({"jsonrpc":"2.0","id":77,"result":1}{"jsonrpc":"2.0","id":1,"result":1})");
  Await(*client, id);
  EXPECT_THAT(client->notes(), Contains(HasSubstr("77")));
}

TEST_F(JsonRpcClientTest, ALostConnectionIsGoneNowAndLater) {
  const auto client = Connected();
  const uint64_t id = client->Send("m", nullptr);
  server_.Send(R"({"jsonrpc":"2.0",)");
  server_.Close();
  EXPECT_EQ(Await(*client, id).outcome, Outcome::kGone);
  EXPECT_EQ(client->state(), JsonRpcClient::State::kClosed);
  EXPECT_THAT(client->notes(), Contains(HasSubstr("middle of an answer")));
  EXPECT_EQ(client->Call("again", nullptr, InMs(kRpcLimitMs)).outcome, Outcome::kGone);
}

TEST_F(JsonRpcClientTest, ADroppedConnectionIsGoneForWhatIsPending) {
  const auto client = Connected();
  const uint64_t id = client->Send("m", nullptr);
  client->Drop();
  EXPECT_EQ(client->state(), JsonRpcClient::State::kClosed);
  EXPECT_EQ(Await(*client, id).outcome, Outcome::kGone);
}

TEST_F(JsonRpcClientTest, TakesTheLastAnswerBeforeTheEnd) {
  const auto client = Connected();
  const uint64_t id = client->Send("spdk_kill_instance", nullptr);
  server_.ReadUntil("spdk_kill_instance");
  server_.Send(R"({"jsonrpc":"2.0","id":1,"result":true})");
  server_.Close();
  client->Send("one more", nullptr);  // fails with EPIPE before the answer was read
  EXPECT_EQ(Await(*client, id).outcome, Outcome::kResult);
}

TEST_F(JsonRpcClientTest, RefusesNonsenseAsAnError) {
  for (const char* nonsense : {"hello", "{\"a\":}", "[1]", R"({"jsonrpc":"2.0","id":1})",
                               R"({"id":1,"result":1,"error":{}})", "{\"\xff\":1,}"}) {
    std::filesystem::remove(path_);
    const auto client = Connected();
    const uint64_t id = client->Send("m", nullptr);
    server_.Send(nonsense);
    const RpcAnswer answer = Await(*client, id);
    EXPECT_EQ(answer.outcome, Outcome::kError) << nonsense;
    EXPECT_EQ(answer.value.at("code"), kNotJsonRpc) << nonsense;
    EXPECT_THAT(answer.value.at("message").get<std::string>(),
                HasSubstr(std::string(kNotJsonRpcMessage)));
    EXPECT_EQ(client->state(), JsonRpcClient::State::kClosed);
  }
}

TEST_F(JsonRpcClientTest, SendsARequestThatIsLargerThanTheSocketTakesAtOnce) {
  const auto client = Connected();
  const std::string large(2 << 20, 'x');
  std::thread target([this] {
    server_.ReadUntil("xx\"]}");
    server_.Send(R"({"jsonrpc":"2.0","id":1,"result":true})");
  });
  // The members of an object are written in alphabetical order, so params come last.
  EXPECT_EQ(client->Call("m", nlohmann::json::array({large}), InMs(kRpcLimitMs)).outcome,
            Outcome::kResult);
  target.join();
}

TEST_F(JsonRpcClientTest, ReceivesAnAnswerOfManyMegabytes) {
  const auto client = Connected();
  std::thread target([this] {
    server_.ReadUntil("}");
    server_.Send(R"({"jsonrpc":"2.0","id":1,"result":")" + std::string(8 << 20, 'y') + "\"}");
  });
  const RpcAnswer answer = client->Call("m", nullptr, InMs(kRpcLimitMs));
  target.join();
  ASSERT_EQ(answer.outcome, Outcome::kResult);
  EXPECT_THAT(answer.value.get<std::string>(), SizeIs(8 << 20));
}

// Of a target that was forked: its own end of a new connection, and what the other client had.
class CopiedJsonRpcClientTest : public JsonRpcClientTest {
 protected:
  CopiedJsonRpcClientTest() {
    server_.Bind();
    server_.Listen();
    client_ = std::make_unique<JsonRpcClient>(path_, "faultline-test-" + std::to_string(getpid()));
    EXPECT_TRUE(client_->WaitConnected(InMs(kRpcLimitMs)));
    server_.Accept();
  }

  std::unique_ptr<JsonRpcClient> client_;
};

TEST_F(CopiedJsonRpcClientTest, DoesNotSendAgainWhatHasBeenSentAndGetsItsAnswer) {
  std::array<int, 2> ends;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd target(ends[1]);
  const uint64_t earlier = client_->Send("earlier", nullptr);
  server_.ReadUntil("earlier");
  server_.Send(R"({"jsonrpc":"2.0","id":1,"result":"of the first"})");
  Await(*client_, earlier);
  const uint64_t mark = client_->last_id();
  client_->Send("answered", nullptr);
  server_.ReadUntil("answered");
  server_.Send(R"({"jsonrpc":"2.0","id":2,"result":"of the step"})");
  Await(*client_, 2);
  client_->Send("on its way", nullptr);

  JsonRpcClient copy(*client_, UniqueFd(ends[0]), mark);
  EXPECT_EQ(copy.Send("answered", nullptr), 2u);
  EXPECT_EQ(Await(copy, 2).value, "of the step");
  EXPECT_EQ(copy.Send("on its way", nullptr), 3u);
  char nothing = 0;
  EXPECT_LT(read(target.get(), &nothing, 1), 0);
  const std::string answer = R"({"jsonrpc":"2.0","id":3,"result":"after the fork"})";
  ASSERT_EQ(write(target.get(), answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
  EXPECT_EQ(Await(copy, 3).value, "after the fork");
  EXPECT_EQ(copy.Send("new", nullptr), 4u);
  EXPECT_GT(read(target.get(), &nothing, 1), 0);
}

TEST_F(CopiedJsonRpcClientTest, SendsAgainWhenTheStepIsOver) {
  std::array<int, 2> ends;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd target(ends[1]);
  client_->Send("of the step", nullptr);
  JsonRpcClient copy(*client_, UniqueFd(ends[0]), 0);
  copy.StopResuming();
  EXPECT_EQ(copy.Send("of the next", nullptr), 2u);
  char byte = 0;
  EXPECT_EQ(read(target.get(), &byte, 1), 1);
}

// One that the target had not accepted.
TEST_F(CopiedJsonRpcClientTest, ConnectsAnewAndSendsAllWithoutAConnection) {
  client_->Send("first", nullptr);
  JsonRpcClient copy(*client_, UniqueFd(), 0);
  EXPECT_TRUE(copy.WaitConnected(InMs(kRpcLimitMs)));
  server_.Accept();
  EXPECT_THAT(server_.ReadUntil("first"), HasSubstr("jsonrpc"));
}

}  // namespace
}  // namespace faultline
