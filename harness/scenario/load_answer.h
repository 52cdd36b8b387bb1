#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/scenario/yaml_reader.h"

// `where`, `save` and the other places that look into an answer.
namespace faultline {

// `where`: tests by path, {0.name: {matches: ^lvs}, .: {length: 2}}.
std::vector<ValueTest> ReadWhere(const YamlValue& value, ReadContext& context);

// The tests of one value: a map of them, or a plain value, which it must be equal to. `what` names
// the value in messages.
std::vector<ValueTest> ReadValueTests(const YamlValue& value, const std::string& what,
                                      ReadContext& context);

// `save`: paths by the names of the variables to be.
std::map<std::string, std::string> ReadSave(const YamlValue& value, ReadContext& context);

}  // namespace faultline
