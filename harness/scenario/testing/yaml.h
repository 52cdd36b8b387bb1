#pragma once

#include <gtest/gtest.h>

#include <string>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/yaml_value.h"

namespace faultline::testing {

// A YAML text with what its readers need; positions are in a file called `text`.
struct Yaml {
  explicit Yaml(const std::string& text, Variables values = {})
      : variables(std::move(values)), root(ParseYaml(text, "text", diagnostics)) {}

  ReadContext Context() { return {diagnostics, variables}; }

  Diagnostics diagnostics;
  Variables variables;
  YamlPtr root;
};

}  // namespace faultline::testing
