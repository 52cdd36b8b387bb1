#include "harness/report/table.h"

#include <gmock/gmock.h>

#include <stdexcept>

namespace faultline {
namespace {

TEST(Table, AlignsColumnsWithoutTrailingBlanks) {
  Table table({"point", "status", "why"});
  table.AddRow({"dpdk/ring/create", "found"});
  table.AddRow({"a", "refused", "branch"});
  EXPECT_EQ(table.ToString(),
            "point             status   why\n"
            "----------------  -------  ------\n"
            "dpdk/ring/create  found\n"
            "a                 refused  branch\n");
}

TEST(Table, CountsCharactersAndNotBytesAndEscapesTheRest) {
  Table table({"a", "b"});
  table.AddRow({"\xc3\xa4\xc3\xa4", "x"});
  table.AddRow({"\x1b", "y"});
  EXPECT_EQ(table.ToString(),
            "a     b\n"
            "----  -\n"
            "\xc3\xa4\xc3\xa4    x\n"
            "\\x1b  y\n");
}

TEST(Table, RefusesMoreCellsThanColumns) {
  Table table({"a"});
  EXPECT_THROW(table.AddRow({"1", "2"}), std::invalid_argument);
}

Table ATable() {
  Table table({"finding", "kind", "what"});
  table.AddRow({"0123abcd", "leak", "the mempool of the transport is left by a failed start"});
  table.AddRow({"", "cause", "short"});
  return table;
}

TEST(Table, WhatFitsIsOneLine) {
  EXPECT_EQ(ATable().ToString(160),
            "finding   kind   what\n"
            "--------  -----  ------------------------------------------------------\n"
            "0123abcd  leak   the mempool of the transport is left by a failed start\n"
            "          cause  short\n");
}

TEST(Table, ALastCellThatDoesNotFitIsBrokenBetweenWordsInItsColumn) {
  EXPECT_EQ(ATable().ToString(60),
            "finding   kind   what\n"
            "--------  -----  -------------------------------------------\n"
            "0123abcd  leak   the mempool of the transport is left by a\n"
            "                 failed start\n"
            "          cause  short\n");
}

TEST(Table, SeveralCellsThatDoNotFitStandBelow) {
  Table table({"name", "kind", "summary", "from"});
  table.AddRow({"dpdk/testpmd-start", "", "starts two null ports", "scenarios/dpdk/start.yaml"});
  table.AddRow({"x", "hidden", "", "scenarios/x.yaml"});
  EXPECT_EQ(table.ToString(40),
            "name                kind\n"
            "    summary  from\n"
            "------------------  ------\n"
            "dpdk/testpmd-start\n"
            "    starts two null ports\n"
            "      scenarios/dpdk/start.yaml\n"
            "x                   hidden\n"
            "    scenarios/x.yaml\n");
}

TEST(Table, WhereItsColumnIsTooNarrowForWordsItStandsBelow) {
  EXPECT_EQ(ATable().ToString(50),
            "finding   kind\n"
            "    what\n"
            "--------  -----\n"
            "0123abcd  leak\n"
            "    the mempool of the transport is left by a\n"
            "      failed start\n"
            "          cause\n"
            "    short\n");
}

}  // namespace
}  // namespace faultline
