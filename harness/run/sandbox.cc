#include "harness/run/sandbox.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <utility>

#include "harness/base/failure.h"
#include "harness/protocol/plan.h"
#include "harness/run/left_files.h"
#include "harness/run/program_lookup.h"
#include "harness/run/run_names.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;

constexpr char kRpcSocket[] = "rpc.sock";

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

}  // namespace

Sandbox::Sandbox(const RunRequest& request)
    : request_(request),
      own_place_(std::make_unique<RunPlace>(request)),
      place_(own_place_.get()),
      run_dir_(place_->run_dir()) {
  Begin(place_->directory().file_prefix());
}

Sandbox::Sandbox(const RunRequest& request, RunPlace& place, const Target& target)
    : request_(request),
      place_(&place),
      target_(target.name),
      shares_(target.shares),
      run_dir_(place.run_dir() / target.name) {
  MakeDirectory(space().FromOutside(run_dir_));
  // The number is short and different for each: DPDK's names of files are limited.
  Begin(place.directory().file_prefix() + std::to_string(place.sandboxes().size()));
  for (const auto& [thing, name] : shares_) {
    for (const Sandbox* other : place.sandboxes()) {
      if (other->target_ == name) {
        Share(thing, *other);
      }
    }
  }
  for (const Sandbox* other : place.sandboxes()) {
    for (const auto& [name, value] : other->variables_) {
      if (name.find('.') == std::string::npos) {
        variables_[other->target_ + "." + name] = value;
      }
    }
  }
  const Variables own = variables_;
  place.sandboxes().push_back(this);
  for (const auto& [name, value] : own) {
    if (name.find('.') == std::string::npos) {
      TellOthers(name, value);
    }
  }
}

void Sandbox::Begin(const std::string& file_prefix) {
  const bool is_small = place_->run_dir() != place_->directory().path();
  private_dir_ =
      is_small ? place_->directory().path() / (kPrivateDir + target_) : run_dir_ / kPrivateDir;
  MakeDirectory(private_dir_);
  rpc_socket_ = run_dir_ / kRpcSocket;
  life_dir_ = private_dir_;
  variables_["run_dir"] = run_dir_;
  variables_["rpc_socket"] = rpc_socket_;
  variables_["file_prefix"] = file_prefix;
  if (!shares_.contains("cpu")) {
    cpu_ = std::make_unique<CpuClaim>();
    variables_["cpu"] = std::to_string(cpu_->cpu());
    variables_["second_cpu"] = std::to_string(cpu_->second_cpu());
    variables_["cpu_mask"] = MaskOf({cpu_->cpu(), cpu_->second_cpu()});
  }
  variables_["own_dir"] = OwnDirectory();
  if (!place_->huge_dir().empty()) {
    variables_["huge_dir"] = place_->huge_dir();
  }
  if (!shares_.contains("free_port")) {
    port_ = std::make_unique<FreePort>(space().network() >= 0);
    // In a network of the run's own, where the first number is always free, each target has the
    // next.
    const int number =
        port_->number() + static_cast<int>(space().network() >= 0 ? place_->sandboxes().size() : 0);
    variables_["free_port"] = std::to_string(number);
  }
}

void Sandbox::Share(const std::string& thing, const Sandbox& other) {
  const auto take = [&](const char* name) { variables_[name] = other.variables_.at(name); };
  if (thing == "run_dir") {
    run_dir_ = other.run_dir_;
    if (!shares_.contains("rpc_socket")) {  // which is in it, and of each its own
      rpc_socket_ = run_dir_ / (target_ + ".sock");
      variables_["rpc_socket"] = rpc_socket_;
    }
  } else if (thing == "rpc_socket") {
    rpc_socket_ = other.rpc_socket_;
  } else if (thing == "cpu") {
    take("second_cpu");
    take("cpu_mask");
  }
  take(thing.c_str());
}

void Sandbox::TellOthers(const std::string& name, const std::string& value) {
  for (Sandbox* sandbox : place_->sandboxes()) {
    sandbox->variables_[target_ + "." + name] = value;
  }
}

Sandbox::Sandbox(const RunRequest& request, const Sandbox& carrier)
    : request_(request),
      own_place_(std::make_unique<RunPlace>(request, carrier.space().FreeHugepagesMb())),
      place_(own_place_.get()),
      cpu_(std::make_unique<CpuClaim>()),
      run_dir_(carrier.run_dir_),
      private_dir_(carrier.private_dir_),
      rpc_socket_(carrier.rpc_socket_),
      life_dir_(carrier.private_dir_),
      variables_(carrier.variables_),
      before_(carrier.before_) {
  MakeDirectory(real_dir() / kPrivateDir);
  before_.insert(huge_dir());  // who looks into it from inside sees a mount
}

void Sandbox::BeginLife() {
  if (++lives_ > 1) {
    life_dir_ = private_dir() / std::to_string(lives_);
    MakeDirectory(life_dir_);
  }
}

void Sandbox::Save(const std::string& name, const nlohmann::json& value) {
  place_->saved()[name] = value;
  const std::string text =
      value.is_string() ? value.get<std::string>()
                        : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  variables_[name] = text;
  for (Sandbox* sandbox : place_->sandboxes()) {
    sandbox->variables_[name] = text;
  }
}

void Sandbox::SetPid(pid_t pid) {
  if (const auto before = variables_.find("pid"); before != variables_.end()) {
    // Each has a name of its own: what every life leaves is to be counted.
    const auto own = std::count_if(earlier_pids_.begin(), earlier_pids_.end(), [](const auto& one) {
      return one.second.find('.') == std::string::npos;
    });
    const std::string name = "earlier_pid_" + std::to_string(own + 1);
    earlier_pids_[before->second] = name;
    for (Sandbox* sandbox : place_->sandboxes()) {
      if (sandbox != this) {
        sandbox->earlier_pids_[before->second] = target_ + "." + name;
      }
    }
  }
  variables_["pid"] = std::to_string(known_as_ != 0 ? known_as_ : pid);
  if (!target_.empty()) {
    TellOthers("pid", variables_["pid"]);
  }
}

std::filesystem::path Sandbox::huge_dir() const {
  const auto known = variables_.find("huge_dir");
  return known == variables_.end() ? "" : known->second;
}

bool Sandbox::others_share_directory() const {
  const std::vector<Sandbox*>& all = place_->sandboxes();
  return std::any_of(all.begin(), all.end(), [this](const Sandbox* other) {
    return other != this && other->run_dir_ == run_dir_;
  });
}

std::vector<std::string> Sandbox::HugepageFiles() const {
  std::vector<std::string> files = space().HugepageFiles();
  if (target_.empty()) {
    return files;
  }
  // DPDK's begin with its prefix; what nobody's prefix is in is told with the first.
  const auto has = [](const std::string& file, const Sandbox& sandbox) {
    return file.find(sandbox.variables_.at("file_prefix")) != std::string::npos;
  };
  std::erase_if(files, [&](const std::string& file) {
    if (has(file, *this)) {
      return shares_.contains("file_prefix");
    }
    const std::vector<Sandbox*>& all = place_->sandboxes();
    return this != all.front() || std::any_of(all.begin(), all.end(), [&](const Sandbox* other) {
             return has(file, *other);
           });
  });
  return files;
}

std::vector<std::string> Sandbox::Expand(const std::vector<std::string>& texts) const {
  std::vector<std::string> expanded;
  for (const std::string& text : texts) {
    expanded.push_back(ExpandForRun(text, variables_));
  }
  return expanded;
}

std::map<std::string, std::string> Sandbox::CommandEnvironment() const {
  const std::map<std::string, std::string> own = OwnEnvironment();
  std::map<std::string, std::string> environment = GivenEnvironment(own);
  // What is loaded into the target is meant for it alone: under LeakSanitizer a shell or a Python
  // script would end with an error of its own.
  constexpr char kPreload[] = "LD_PRELOAD";
  environment.erase(kPreload);
  if (const auto preload = own.find(kPreload); preload != own.end()) {
    environment.insert(*preload);
  }
  return environment;
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
  options.proof_function = profile.arguments_proof.function;
  options.proof_is_asked = !profile.arguments_proof.log_pattern.empty();
  options.environment = GivenEnvironment(scenario.surroundings.empty_environment
                                             ? std::map<std::string, std::string>()
                                             : OwnEnvironment());
  options.working_dir = run_dir();
  options.run_id = NewRunId();
  options.terminal = profile.terminal;
  options.trace = request_.trace && !request_.in_debugger;
  options.stop_mark = protocol::kStopMark;
  options.detaches = profile.detaches;
  const Surroundings& around = scenario.surroundings;
  options.limits = around.limits;
  options.closed_descriptors = around.closed_descriptors;
  if (around.read_only_run_dir) {
    options.read_only_dir = run_dir();
    options.writable_dir = private_dir();
  }
  options.space = &space();
  return options;
}

void Sandbox::Keep() {
  place_->directory().Keep();
  const fs::path& small = place_->run_dir();
  if (const fs::path seen = space().FromOutside(small); seen != small) {
    CopyFiles(seen, small);
  }
}

std::map<std::string, std::string> Sandbox::Entries() const {
  return FilesIn(run_dir(), space().FromOutside(run_dir()));
}

void Sandbox::MarkBefore() {
  before_.clear();
  for (const auto& [path, kind] : Entries()) {
    before_.insert(path);
  }
}

std::vector<std::string> Sandbox::LeftInRunDir() const {
  std::vector<std::string> left;
  for (const auto& [path, kind] : Entries()) {
    if (before_.count(path) == 0) {
      left.push_back(kind + " " + Generalise(path));
    }
  }
  std::sort(left.begin(), left.end());
  return left;
}

std::string Sandbox::Generalise(std::string text) const {
  return WithNames(std::move(text), variables_, earlier_pids_, saved());
}

std::string Sandbox::Specialise(std::string text) const {
  return WithValues(std::move(text), variables_);
}

std::string AddPreload(const std::string& preload, const fs::path& library) {
  return preload.empty() ? library.string() : preload + ":" + library.string();
}

}  // namespace faultline
