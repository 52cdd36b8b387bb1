#include "harness/sweep/coroutine.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace faultline {
namespace {

TEST(Coroutine, RunsOnlyWhileItIsResumed) {
  std::string text;
  Coroutine coroutine([&](Coroutine& self) {
    text += "b";
    self.Pause();
    text += "d";
  });
  text += "a";
  coroutine.Resume();
  EXPECT_FALSE(coroutine.done());
  text += "c";
  coroutine.Resume();
  EXPECT_TRUE(coroutine.done());
  EXPECT_EQ(text, "abcd");
}

TEST(Coroutine, WhatItThrowsIsThrownToWhoResumesIt) {
  Coroutine coroutine([](Coroutine& self) {
    self.Pause();
    throw std::runtime_error("no");
  });
  coroutine.Resume();
  EXPECT_THROW(coroutine.Resume(), std::runtime_error);
  EXPECT_TRUE(coroutine.done());
}

}  // namespace
}  // namespace faultline
