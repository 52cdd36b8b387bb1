#include "tools/visit_agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/target/run_dir.h"

namespace faultline {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class VisitAgreementTest : public testing::Test {
 protected:
  static StoredRun Run(const std::string& key, const std::string& outcome,
                       const std::vector<std::string>& signatures = {},
                       const std::string& exit = "exit 1") {
    StoredRun run;
    run.key = key;
    run.mode = "transient";
    run.site = "00000000000000a1";
    run.outcome = outcome;
    run.exit = exit;
    for (const std::string& signature : signatures) {
      StoredFinding finding;
      finding.signature = signature;
      finding.kind = "leak";
      finding.details = finding.stack = "[]";
      run.findings.push_back(finding);
    }
    return run;
  }

  RunDirectory directory_;
  Store first_{directory_.path() / "first.db", Store::Mode::kCreate};
  Store second_{directory_.path() / "second.db", Store::Mode::kCreate};
};

TEST_F(VisitAgreementTest, OutcomeAndSignaturesAreHeldAgainstEachOther) {
  first_.AddRun(Run("a", "tolerated"));
  second_.AddRun(Run("a", "tolerated"));
  first_.AddRun(Run("b", "clean error"));
  second_.AddRun(Run("b", "tolerated"));
  first_.AddRun(Run("c", "finding", {"leak one"}));
  second_.AddRun(Run("c", "finding", {"leak two"}));
  first_.AddRun(Run("d", "finding", {"one", "two"}));
  second_.AddRun(Run("d", "finding", {"two", "one"}));
  const VisitAgreement agreement = CompareVisits(first_, second_);
  EXPECT_EQ(agreement.compared, 4);
  ASSERT_THAT(agreement.differences, SizeIs(2));
  EXPECT_EQ(agreement.differences[0].key, "b");
  EXPECT_EQ(agreement.differences[0].first, "clean error, exit 1");
  EXPECT_EQ(agreement.differences[0].second, "tolerated, exit 1");
  EXPECT_THAT(agreement.differences[1].second, HasSubstr("leak two"));
  EXPECT_DOUBLE_EQ(agreement.percent(), 50.0);
}

TEST_F(VisitAgreementTest, AnotherExitIsADifference) {
  first_.AddRun(Run("a", "clean error"));
  second_.AddRun(Run("a", "clean error", {}, "SIGABRT"));
  const VisitAgreement agreement = CompareVisits(first_, second_);
  EXPECT_THAT(agreement.differences, SizeIs(1));
  EXPECT_EQ(Describe(agreement, "by snapshots", "cold"),
            "1 visits in both, 0.0 % of them came to the same\n"
            "differs: a\n"
            "  \n"
            "  by snapshots  clean error, exit 1\n"
            "  cold          clean error, SIGABRT\n");
}

TEST_F(VisitAgreementTest, WhatOnlyOneHasIsNotCompared) {
  first_.AddRun(Run("a", "tolerated"));
  second_.AddRun(Run("b", "finding", {"one"}));
  const VisitAgreement agreement = CompareVisits(first_, second_);
  EXPECT_EQ(agreement.compared, 0);
  EXPECT_EQ(agreement.only_first, 1);
  EXPECT_EQ(agreement.only_second, 1);
  EXPECT_THAT(Describe(agreement, "one", "other"), HasSubstr("1 only in one, 1 only in other"));
  EXPECT_THAT(agreement.differences, IsEmpty());
  EXPECT_DOUBLE_EQ(agreement.percent(), 100.0);
}

}  // namespace
}  // namespace faultline
