#include "harness/target/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "harness/base/unique_fd.h"

namespace faultline {
namespace {

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends;
    EXPECT_EQ(pipe(ends.data()), 0);
    read_end_.reset(ends[0]);
    write_end_.reset(ends[1]);
  }
  int fd() const { return read_end_.get(); }
  void Put() const { EXPECT_EQ(write(write_end_.get(), "x", 1), 1); }
  void Get() const {
    char byte;
    EXPECT_EQ(read(read_end_.get(), &byte, 1), 1);
  }
  void CloseWriteEnd() { write_end_.reset(); }

 private:
  UniqueFd read_end_;
  UniqueFd write_end_;
};

TEST(EventLoop, DispatchesUntilDone) {
  Pipe pipe;
  EventLoop loop;
  int seen = 0;
  loop.Add(pipe.fd(), [&] {
    pipe.Get();
    ++seen;
  });
  pipe.Put();
  pipe.Put();
  EXPECT_TRUE(loop.RunUntil([&] { return seen == 2; }, InMs(10'000)));
}

TEST(EventLoop, StopsAtTheDeadlineAndNotBefore) {
  EventLoop loop;
  const Deadline deadline = InMs(30);
  EXPECT_FALSE(loop.RunUntil([] { return false; }, deadline));
  EXPECT_GE(Clock::now(), deadline);
}

TEST(EventLoop, APassedDeadlineStillTakesWhatIsThere) {
  Pipe pipe;
  EventLoop loop;
  bool seen = false;
  loop.Add(pipe.fd(), [&] {
    pipe.Get();
    seen = true;
  });
  pipe.Put();
  EXPECT_TRUE(loop.RunUntil([&] { return seen; }, Clock::now()));
}

TEST(EventLoop, WhatIsDoneIsNotWaitedFor) {
  EventLoop loop;
  EXPECT_TRUE(loop.RunUntil([] { return true; }, kNoDeadline));
}

TEST(EventLoop, TellsTheEndOfADescriptor) {
  Pipe pipe;
  EventLoop loop;
  bool ended = false;
  loop.Add(pipe.fd(), [&] {
    ended = true;
    loop.Remove(pipe.fd());
  });
  pipe.CloseWriteEnd();
  EXPECT_TRUE(loop.RunUntil([&] { return ended; }, InMs(10'000)));
}

TEST(EventLoop, AHandlerMayRemoveAnotherOfTheSameRound) {
  Pipe one;
  Pipe other;
  EventLoop loop;
  int calls = 0;
  const auto handle = [&] {
    ++calls;
    loop.Remove(one.fd());
    loop.Remove(other.fd());
  };
  loop.Add(one.fd(), handle);
  loop.Add(other.fd(), handle);
  one.Put();
  other.Put();
  EXPECT_FALSE(loop.RunUntil([] { return false; }, InMs(20)));
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, PassesOnWhatAHandlerThrows) {
  Pipe pipe;
  EventLoop loop;
  loop.Add(pipe.fd(), [] { throw std::runtime_error("stop"); });
  pipe.Put();
  EXPECT_THROW(loop.RunUntil([] { return false; }, InMs(10'000)), std::runtime_error);
}

}  // namespace
}  // namespace faultline
