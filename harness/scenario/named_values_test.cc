#include "harness/scenario/named_values.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace faultline {
namespace {

TEST(NamedValuesTest, KnowsErrnos) {
  EXPECT_EQ(ErrnoByName("ENOMEM"), ENOMEM);
  EXPECT_EQ(ErrnoByName("EWOULDBLOCK"), EWOULDBLOCK);
  EXPECT_EQ(ErrnoByName("ENOTSUP"), ENOTSUP);
  EXPECT_FALSE(ErrnoByName("ENOMEN").has_value());
  EXPECT_FALSE(ErrnoByName("").has_value());
}

TEST(NamedValuesTest, KnowsSignalsWithAndWithoutTheirPrefix) {
  EXPECT_EQ(SignalByName("SIGTERM"), SIGTERM);
  EXPECT_EQ(SignalByName("KILL"), SIGKILL);
  EXPECT_FALSE(SignalByName("SIG").has_value());
  EXPECT_FALSE(SignalByName("term").has_value());
}

}  // namespace
}  // namespace faultline
