#include "harness/sweep/surroundings_writer.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <map>

#include "harness/sweep/step_writer.h"

namespace faultline {
namespace {

void WriteResources(YamlWriter& yaml, const Scenario& scenario) {
  const Resources& resources = scenario.resources;
  const Surroundings& around = scenario.surroundings;
  if (!resources.hugetlbfs_mb && !resources.no_hugetlbfs && !resources.hugepages_mb &&
      !around.dev_shm && !around.read_only_run_dir && !around.run_dir &&
      around.directories.empty()) {
    return;
  }
  yaml.out() << YAML::Key << "resources" << YAML::Value << YAML::BeginMap;
  if (resources.hugetlbfs_mb || resources.no_hugetlbfs) {
    yaml.Pair("hugetlbfs_mb", resources.hugetlbfs_mb.value_or(0));
  }
  if (resources.hugepages_mb) {
    yaml.Pair("hugepages_mb", *resources.hugepages_mb);
  }
  if (around.read_only_dev_shm) {
    yaml.Pair("dev_shm", "read_only");
  } else if (around.dev_shm) {
    yaml.Pair("dev_shm", *around.dev_shm);
  }
  if (around.read_only_run_dir) {
    yaml.Pair("run_dir", "read_only");
  } else if (around.run_dir) {
    yaml.Pair("run_dir", *around.run_dir);
  }
  if (!around.directories.empty()) {
    yaml.out() << YAML::Key << "directories" << YAML::Value << YAML::BeginMap;
    for (const auto& [path, bytes] : around.directories) {
      yaml.Pair(path.c_str(), bytes);
    }
    yaml.out() << YAML::EndMap;
  }
  yaml.out() << YAML::EndMap;
}

void WriteProcess(YamlWriter& yaml, const Surroundings& around) {
  static const std::map<int, const char*> kNames = {{RLIMIT_NOFILE, "nofile"},
                                                    {RLIMIT_MEMLOCK, "memlock"},
                                                    {RLIMIT_AS, "as"},
                                                    {RLIMIT_FSIZE, "fsize"},
                                                    {RLIMIT_STACK, "stack"}};
  if (!around.limits.empty()) {
    yaml.out() << YAML::Key << "limits_of_process" << YAML::Value << YAML::BeginMap;
    for (const auto& [resource, value] : around.limits) {
      yaml.Pair(kNames.at(resource), value == RLIM_INFINITY ? "unlimited" : std::to_string(value));
    }
    yaml.out() << YAML::EndMap;
  }
  if (!around.closed_descriptors.empty()) {
    yaml.out() << YAML::Key << "closed_descriptors" << YAML::Value << YAML::Flow
               << around.closed_descriptors;
  }
  if (around.empty_environment) {
    yaml.Pair("environment_from", "empty");
  }
}

void WriteLimits(YamlWriter& yaml, const Scenario& scenario) {
  if (!scenario.limits_set) {
    return;
  }
  const LimitsMs& limits = scenario.limits_ms;
  yaml.out() << YAML::Key << "limits" << YAML::Value << YAML::BeginMap;
  yaml.Pair("start", fmt::format("{}ms", limits.start));
  yaml.Pair("rpc", fmt::format("{}ms", limits.rpc));
  yaml.Pair("stop", fmt::format("{}ms", limits.stop));
  yaml.out() << YAML::EndMap;
}

void WritePrepare(YamlWriter& yaml, const std::vector<CommandStep>& prepare) {
  if (prepare.empty()) {
    return;
  }
  yaml.out() << YAML::Key << "prepare" << YAML::Value << YAML::BeginSeq;
  for (const CommandStep& command : prepare) {
    yaml.out() << YAML::BeginMap;
    WriteCommand(yaml, command);
    yaml.out() << YAML::EndMap;
  }
  yaml.out() << YAML::EndSeq;
}

void WriteCompanions(YamlWriter& yaml, const std::vector<Companion>& companions) {
  if (companions.empty()) {
    return;
  }
  using Kind = Companion::Ready::Kind;
  yaml.out() << YAML::Key << "companions" << YAML::Value << YAML::BeginSeq;
  for (const Companion& companion : companions) {
    yaml.out() << YAML::BeginMap;
    yaml.QuotedPair("name", Escaped(companion.name));
    yaml.Texts("run", companion.argv);
    const char* const word = companion.ready.kind == Kind::kLogLine ? "log"
                             : companion.ready.kind == Kind::kFile  ? "file"
                             : companion.ready.kind == Kind::kPort  ? "port"
                                                                    : "";
    if (word[0] != '\0') {
      yaml.Map("ready", {{word, companion.ready.value}});
    }
    yaml.Pair("within", fmt::format("{}ms", companion.limit_ms));
    yaml.Map("environment", companion.environment);
    if (!companion.may_end.empty()) {
      yaml.Numbers("may_end", companion.may_end);
    }
    yaml.out() << YAML::EndMap;
  }
  yaml.out() << YAML::EndSeq;
}

}  // namespace

void WriteSurroundings(YamlWriter& yaml, const Scenario& scenario) {
  WriteResources(yaml, scenario);
  WriteProcess(yaml, scenario.surroundings);
  WriteLimits(yaml, scenario);
  WritePrepare(yaml, scenario.prepare);
  WriteCompanions(yaml, scenario.companions);
  if (scenario.network == Network::kHost) {
    yaml.Pair("network", "host");
  }
}

}  // namespace faultline
