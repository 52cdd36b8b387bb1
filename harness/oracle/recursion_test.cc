#include "harness/oracle/recursion.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Frame Of(const std::string& function, const std::string& module = "target") {
  return {.function = function, .file = function + ".c", .line = 1, .module = module, .offset = 1};
}

// A stack of `depth` frames, innermost first: `leaves`, then the functions of `turn` again and
// again, begun at `phase`.
Stack Deep(const std::vector<std::string>& leaves, const std::vector<std::string>& turn,
           size_t phase = 0, size_t depth = 200) {
  Stack stack;
  for (const std::string& leaf : leaves) {
    stack.push_back(Of(leaf));
  }
  while (stack.size() < depth) {
    stack.push_back(Of(turn[phase++ % turn.size()]));
  }
  return stack;
}

std::vector<std::string> Names(const Stack& stack) {
  std::vector<std::string> names;
  for (const Frame& frame : stack) {
    names.push_back(frame.function);
  }
  return names;
}

TEST(TurnOfRecursion, IsTheSameWhereverTheStackEnds) {
  for (size_t phase = 0; phase < 3; ++phase) {
    for (const std::vector<std::string>& leaves :
         std::vector<std::vector<std::string>>{{}, {"write_int"}, {"grow", "write_raw"}}) {
      const Stack turn = TurnOfRecursion(Deep(leaves, {"send_error", "end_answer", "log"}, phase));
      EXPECT_THAT(Names(turn), ElementsAre("end_answer", "log", "send_error"))
          << phase << " " << leaves.size();
    }
  }
}

TEST(TurnOfRecursion, OfOneFunctionIsThatFunction) {
  EXPECT_THAT(Names(TurnOfRecursion(Deep({}, {"walk"}))), ElementsAre("walk"));
}

TEST(TurnOfRecursion, WhoeverBeganTheRecursionIsNotInIt) {
  Stack stack = Deep({}, {"walk", "visit"});
  stack.push_back(Of("a_caller"));
  stack.push_back(Of("main"));
  EXPECT_THAT(Names(TurnOfRecursion(stack)), ElementsAre("visit", "walk"));
}

// The values of a document: some turns go through an array, the others through an object.
TEST(TurnOfRecursion, BearsTurnsThatDiffer) {
  const std::vector<std::string> turns = {"array", "value", "object", "value", "object", "value"};
  for (size_t phase = 0; phase < turns.size(); ++phase) {
    EXPECT_EQ(TurnOfRecursion(Deep({"a_rare_one"}, turns, phase)).front().function, "object");
  }
}

TEST(TurnOfRecursion, IsNotBlamedOnLibcThatTakesPartInIt) {
  Stack stack;
  while (stack.size() < 200) {
    stack.push_back(Of("compare"));
    stack.push_back(Of("_quicksort", "libc.so.6"));
    stack.push_back(Of("sort"));
  }
  EXPECT_THAT(Names(TurnOfRecursion(stack)), ElementsAre("compare", "_quicksort", "sort"));
}

TEST(TurnOfRecursion, NeedsADeepStackInWhichFunctionsComeAgain) {
  EXPECT_THAT(TurnOfRecursion(Deep({}, {"walk"}, 0, 20)), IsEmpty());
  EXPECT_THAT(TurnOfRecursion({}), IsEmpty());
  Stack different;
  for (int i = 0; i < 120; ++i) {
    different.push_back(Of("f" + std::to_string(i)));
  }
  EXPECT_THAT(TurnOfRecursion(different), IsEmpty());
}

}  // namespace
}  // namespace faultline
