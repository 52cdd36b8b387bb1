#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/failure.h"
#include "harness/planner/planner.h"

namespace faultline::testkit {

// The library made of testing/names*.c in the place of a program.
class MakePlanTest : public ::testing::Test {
 protected:
  MakePlanTest() {
    catalogue_.error_variables = {{"last_error", "last_error"}, {"other_error", "not_there"}};
    request_.program = FAULTLINE_NAMES;
    request_.catalogue = &catalogue_;
    request_.journal_path = "/run/journal";
  }

  FaultPoint Point(const std::string& name, std::vector<std::string> symbols) {
    FaultPoint point;
    point.name = name;
    point.symbols = std::move(symbols);
    return point;
  }
  Fault FaultOf(const std::string& point) {
    Fault fault;
    fault.id = "the-fault";
    fault.point = point;
    fault.position = {std::make_shared<const std::string>("scenario.yaml"), 7, 5};
    return fault;
  }
  // All points of the catalogue are asked for.
  Plan Make() {
    request_.points.clear();
    for (const FaultPoint& point : catalogue_.points) {
      request_.points.push_back(&point);
    }
    return MakePlan(request_);
  }
  std::string FailureOf(const Fault& fault) {
    request_.faults = {&fault};
    try {
      Make();
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kBadInput);
      return failure.what();
    }
    return "no failure";
  }
  static const protocol::PlanHeader& HeaderOf(const Plan& plan) {
    return *reinterpret_cast<const protocol::PlanHeader*>(plan.bytes.data());
  }
  template <typename T>
  static std::span<const T> In(const Plan& plan, const protocol::Array<T>& array) {
    EXPECT_TRUE(array.CheckBounds(plan.bytes.size()));
    return array.In(plan.bytes.data());
  }

  Catalogue catalogue_;
  PlanRequest request_;
};

}  // namespace faultline::testkit
