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
                       const std::vector<std::string>& signatures = {}) {
    StoredRun run;
    run.key = key;
    run.mode = "transient";
    run.site = "00000000000000a1";
    run.outcome = outcome;
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
  EXPECT_EQ(agreement.differences[0].first, "clean error");
  EXPECT_EQ(agreement.differences[0].second, "tolerated");
  EXPECT_THAT(agreement.differences[1].second, HasSubstr("leak two"));
  EXPECT_DOUBLE_EQ(agreement.percent(), 50.0);
}

TEST_F(VisitAgreementTest, WhatOnlyOneHasIsNotCompared) {
  first_.AddRun(Run("a", "tolerated"));
  second_.AddRun(Run("b", "finding", {"one"}));
  const VisitAgreement agreement = CompareVisits(first_, second_);
  EXPECT_EQ(agreement.compared, 0);
  EXPECT_THAT(agreement.differences, IsEmpty());
  EXPECT_DOUBLE_EQ(agreement.percent(), 100.0);
}

}  // namespace
}  // namespace faultline
