#include "harness/scenario/map_reader.h"

#include <gtest/gtest.h>

#include "harness/scenario/testing/yaml.h"

namespace faultline {
namespace {

using testing::Yaml;

TEST(MapReaderTest, ReportsKeysThatNobodyAskedFor) {
  Yaml yaml("name: a\nlimts: {}\n");
  ReadContext context = yaml.Context();
  MapReader map(*yaml.root, "a thing", context);
  std::string name;
  map.Text("name", name);
  map.Find("limits");
  map.Finish();
  EXPECT_EQ(name, "a");
  EXPECT_EQ(yaml.diagnostics.ToString(),
            "text:2:1: unknown key `limts`; expected one of name, limits; did you mean `limits`?");
}

TEST(MapReaderTest, ReportsKeysThatAreMissing) {
  Yaml yaml("{}");
  ReadContext context = yaml.Context();
  MapReader map(*yaml.root, "a thing", context);
  EXPECT_EQ(map.Require("name"), nullptr);
  EXPECT_EQ(yaml.diagnostics.ToString(), "text:1:1: a thing lacks `name`");
}

TEST(MapReaderTest, WhatIsNoMapIsReportedOnce) {
  Yaml yaml("[a]");
  ReadContext context = yaml.Context();
  MapReader map(*yaml.root, "a thing", context);
  map.Require("name");
  map.Finish();
  EXPECT_EQ(yaml.diagnostics.ToString(), "text:1:1: a thing is a list; expected a map");
}

}  // namespace
}  // namespace faultline
