#include "harness/run/sandbox.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <initializer_list>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/protocol/plan.h"
#include "harness/run/program_lookup.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr char kPrivateDir[] = ".faultline";
constexpr char kRpcSocket[] = "rpc.sock";
constexpr char kHugeDir[] = "huge";

void MakeDirectory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    throw Failure::FromErrno("cannot make the directory " + path.string(), errno);
  }
}

// As taskset(1) and DPDK's -c take it; hexadecimal, so that more than 64 CPUs are no matter.
std::string MaskOf(std::initializer_list<int> cpus) {
  std::string digits(static_cast<size_t>(std::max(cpus)) / 4 + 1, '0');
  for (const int cpu : cpus) {
    char& digit = digits[digits.size() - 1 - static_cast<size_t>(cpu) / 4];
    const int value = (digit <= '9' ? digit - '0' : digit - 'a' + 10) | 1 << cpu % 4;
    digit = "0123456789abcdef"[value];
  }
  return "0x" + digits;
}

bool IsDigitAt(const std::string& text, size_t at) {
  return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
}

// A number is replaced only where it stands alone: 204 is not part of "fbarray_2048k".
void ReplaceAll(std::string& text, const std::string& value, const std::string& name) {
  for (size_t at = text.find(value); at != std::string::npos; at = text.find(value, at)) {
    const bool inside_a_number =
        (IsDigitAt(value, 0) && at > 0 && IsDigitAt(text, at - 1)) ||
        (IsDigitAt(value, value.size() - 1) && IsDigitAt(text, at + value.size()));
    if (inside_a_number) {
      ++at;
    } else {
      text.replace(at, value.size(), name);
      at += name.size();
    }
  }
}

}  // namespace

Sandbox::Sandbox(const RunRequest& request) : request_(request), directory_(request.run_root) {
  const Resources& resources = request.scenario.resources;
  if (const int hugepages_mb = resources.HugepagesMb(); hugepages_mb > 0) {
    hugepages_ = std::make_unique<HugepageReservation>(hugepages_mb);
  }
  MakeDirectory(private_dir());
  variables_["run_dir"] = run_dir();
  variables_["rpc_socket"] = rpc_socket();
  variables_["file_prefix"] = directory_.file_prefix();
  variables_["cpu"] = std::to_string(cpu_.cpu());
  variables_["second_cpu"] = std::to_string(cpu_.second_cpu());
  variables_["cpu_mask"] = MaskOf({cpu_.cpu(), cpu_.second_cpu()});
  variables_["own_dir"] = OwnDirectory();
  RunSpace::Plan plan;
  plan.network = request.scenario.network == Network::kOwn;
  if (resources.hugetlbfs_mb) {
    variables_["huge_dir"] = run_dir() / kHugeDir;
    MakeDirectory(variables_["huge_dir"]);
    plan.hugetlbfs = HugetlbfsPlan{variables_["huge_dir"], *resources.hugetlbfs_mb};
  }
  space_ = std::make_unique<RunSpace>(plan);
  port_ = std::make_unique<FreePort>(space_->network() >= 0);
  variables_["free_port"] = std::to_string(port_->number());
  life_dir_ = private_dir();
}

void Sandbox::BeginLife() {
  if (++lives_ > 1) {
    life_dir_ = private_dir() / std::to_string(lives_);
    MakeDirectory(life_dir_);
  }
}

void Sandbox::Save(const std::string& name, const nlohmann::json& value) {
  saved_[name] = value;
  variables_[name] = value.is_string()
                         ? value.get<std::string>()
                         : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

fs::path Sandbox::private_dir() const { return run_dir() / kPrivateDir; }
fs::path Sandbox::rpc_socket() const { return run_dir() / kRpcSocket; }
void Sandbox::SetPid(pid_t pid) { variables_["pid"] = std::to_string(pid); }

std::vector<std::string> Sandbox::Expand(const std::vector<std::string>& texts) const {
  std::vector<std::string> expanded;
  for (const std::string& text : texts) {
    expanded.push_back(ExpandForRun(text, variables_));
  }
  return expanded;
}

std::map<std::string, std::string> Sandbox::CommandEnvironment() const {
  return GivenEnvironment(OwnEnvironment());
}

std::map<std::string, std::string> Sandbox::GivenEnvironment(
    std::map<std::string, std::string> environment) const {
  for (const auto* source : {&request_.profile.environment, &request_.scenario.environment}) {
    for (const auto& [name, value] : *source) {
      environment[name] = ExpandForRun(value, variables_);
    }
  }
  return environment;
}

SpawnOptions Sandbox::TargetOptions() const {
  const Profile& profile = request_.profile;
  const Scenario& scenario = request_.scenario;
  SpawnOptions options;
  options.program = request_.program;
  const auto& memory_args = scenario.resources.hugetlbfs_mb ? profile.args_with_hugetlbfs
                                                            : profile.args_without_hugetlbfs;
  for (const auto* part : {&profile.args, &memory_args, &scenario.extra_args, &profile.app_args}) {
    const std::vector<std::string> expanded = Expand(*part);
    options.args.insert(options.args.end(), expanded.begin(), expanded.end());
  }
  if (!scenario.app_args.empty()) {
    if (std::find(options.args.begin(), options.args.end(), "--") == options.args.end()) {
      options.args.emplace_back("--");
    }
    const std::vector<std::string> expanded = Expand(scenario.app_args);
    options.args.insert(options.args.end(), expanded.begin(), expanded.end());
  }
  options.required_args = profile.required_args;
  options.environment =
      scenario.surroundings.empty_environment ? GivenEnvironment({}) : CommandEnvironment();
  options.working_dir = run_dir();
  options.run_id = NewRunId();
  options.terminal = profile.terminal;
  options.trace = request_.trace && !request_.in_debugger;
  options.stop_mark = protocol::kStopMark;
  options.detaches = profile.detaches;
  const Surroundings& around = scenario.surroundings;
  options.limits = around.limits;
  options.closed_descriptors = around.closed_descriptors;
  options.dev_shm = around.dev_shm;
  if (around.read_only_run_dir) {
    options.read_only_dir = run_dir();
    options.writable_dir = private_dir();
  }
  options.space = space_.get();
  return options;
}

std::map<std::string, fs::file_type> Sandbox::Entries() const {
  std::map<std::string, fs::file_type> entries;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(run_dir(), error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry.depth() == 0 && entry->path().filename() == kPrivateDir) {
      entry.disable_recursion_pending();
      continue;
    }
    const fs::file_type type = entry->symlink_status(error).type();
    if (type != fs::file_type::directory) {
      entries[entry->path().string()] = type;
    }
  }
  Failure::ThrowIfOutOfDescriptors("cannot look into " + run_dir().string(), error.value());
  return entries;
}

void Sandbox::MarkBefore() {
  before_.clear();
  for (const auto& [path, type] : Entries()) {
    before_.insert(path);
  }
}

std::vector<std::string> Sandbox::LeftInRunDir() const {
  std::vector<std::string> left;
  for (const auto& [path, type] : Entries()) {
    if (before_.count(path) == 0) {
      left.push_back((type == fs::file_type::socket ? "socket " : "file ") + Generalise(path));
    }
  }
  std::sort(left.begin(), left.end());
  return left;
}

std::string Sandbox::Generalise(std::string text) const {
  // The longest values first: rpc_socket contains run_dir. A CPU's number may mean anything.
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& [name, value] : variables_) {
    if (name != "cpu" && name != "second_cpu" && name != "cpu_mask" && name != "own_dir" &&
        saved_.count(name) == 0) {
      values.emplace_back(value, "${" + name + "}");
    }
  }
  std::sort(values.begin(), values.end(),
            [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  for (const auto& [value, name] : values) {
    ReplaceAll(text, value, name);
  }
  return text;
}

std::string Sandbox::Specialise(std::string text) const {
  for (const auto& [name, value] : variables_) {
    ReplaceAll(text, "${" + name + "}", value);
  }
  return text;
}

std::string AddPreload(const std::string& preload, const fs::path& library) {
  return preload.empty() ? library.string() : preload + ":" + library.string();
}

}  // namespace faultline
