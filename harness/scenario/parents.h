#pragma once

#include <filesystem>

#include "harness/scenario/data_path.h"
#include "harness/scenario/diagnostics.h"
#include "harness/scenario/inherit.h"
#include "harness/scenario/yaml_value.h"

namespace faultline {

// How files of one kind extend each other.
struct Extending {
  DataKind kind;
  const InheritedKeys& keys;
  // What is to be done to a file before another one inherits it.
  YamlPtr (*prepare)(const YamlPtr& root) = [](const YamlPtr& root) { return root; };
};

// `root`, which was read from `file`, with what the files that it `extends` have and it has not. A
// name is looked for beside the file that it stands in, then in `data`; a file may extend one of
// its own name. A circle, more than eight parents, and what Inherit refuses are reported; then the
// result is as far as it came.
YamlPtr WithParents(const YamlPtr& root, const std::filesystem::path& file, const DataPath& data,
                    const Extending& extending, Diagnostics& diagnostics);

}  // namespace faultline
