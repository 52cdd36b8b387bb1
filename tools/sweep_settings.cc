#include "tools/sweep_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>
#include <thread>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/base/program_path.h"
#include "harness/run/executed_cache.h"
#include "harness/run/program_lookup.h"
#include "harness/scenario/data_dir.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

constexpr int kOccurrences = 2;

int DefaultJobs() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

}  // namespace

void SweepSettings::Declare(CLI::App& app) {
  app.add_option("scenario", file, "the scenario")->required()->type_name("FILE");
  app.add_option("--store", store,
                 "where results are kept; made when it is not there (--dry-run does without)")
      ->type_name("FILE");
  DeclareTarget(app);
  DeclareSelection(app);
  DeclareExecution(app);
}

void SweepSettings::DeclareTarget(CLI::App& app) {
  app.add_option("--program", program, "the target's program, instead of the profile's")
      ->type_name("PATH");
  app.add_option("--profile", profile, "profile to use instead of the scenario's")
      ->type_name("NAME");
  app.add_option("--target", target, "which of the scenario's targets is visited")
      ->type_name("NAME");
  app.add_option("--set", set, "value of a variable (repeatable)")->type_name("NAME=VALUE");
}

void SweepSettings::DeclareSelection(CLI::App& app) {
  const std::string group = "Selection (globs; repeatable)";
  app.add_option("--definition", definition,
                 "what the scenario or its profile says of a sweep of this name (`sweeps`); "
                 "options that are given are stronger")
      ->type_name("NAME")
      ->group(group);
  const auto globs = [&](const char* name, std::vector<std::string>& out, const char* what) {
    app.add_option(name, out, what)->type_name("GLOB")->group(group);
  };
  globs("--points", selection.points, "fault points, by name");
  globs("--exclude", selection.exclude, "fault points to leave out");
  globs("--groups", selection.groups, "groups of points: dpdk, libc/socket");
  app.add_flag("--leaves", leaves,
               "without --points and --groups: all that fail by the environment or by the "
               "target's own state, malloc and its like too, and nothing else; what --executor "
               "snapshot and auto do unless --derived is given")
      ->group(group);
  app.add_flag("--derived", derived,
               "without --points and --groups: derived points too, and not malloc and its like; "
               "what cold sweeps do")
      ->excludes("--leaves")
      ->group(group);
  globs("--module", selection.modules, "modules that make the call");
  app.add_flag("--own", own, "calls that the program's own code makes, not its libraries")
      ->group(group);
  globs("--subsystem", selection.subsystems, "source directories on the call's stack");
  globs("--caller", selection.callers, "functions on the call's stack");
  globs("--file", selection.files, "source files on the call's stack");
  app.add_option("--step", selection.steps, "steps of the scenario, from 1; 0 before the first")
      ->type_name("N")
      ->group(group);
  app.add_option("--life", selection.life,
                 "calls of this life of the target, from 1; default: of the first, and those that "
                 "only later ones make")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N")
      ->group(group);
  app.add_option("--from-step", selection.from_step, "this step of the scenario and later ones")
      ->check(CLI::Range(1, 10000))
      ->type_name("N")
      ->group(group);
  app.add_option(
         "--changed-since", changed_since,
         "only calls through functions that changed since this git revision; with --budget, "
         "behind them those that the rest of these files and the files beside them make")
      ->type_name("REV")
      ->group(group);
  app.add_option("--source", source, "the target's source tree, for --changed-since and --report")
      ->type_name("DIR")
      ->group(group);
  app.add_option("--nested", nested,
                 "of nested fault points of one allocation: outermost, innermost or all")
      ->check(CLI::IsMember({"outermost", "innermost", "all"}))
      ->group(group);
  app.add_option("--modes", modes,
                 "what happens at a site: transient, persistent, sigterm, sigint, sigterm-twice, "
                 "stop-rpc, drop-connection, pair (default: transient,persistent)")
      ->delimiter(',')
      ->group(group);
  app.add_option("--occurrences", occurrences, "calls of one site that are visited")
      ->check(CLI::Range(1, 1'000'000))
      ->default_str(std::to_string(kOccurrences))
      ->group(group);
}

void SweepSettings::DeclareExecution(CLI::App& app) {
  app.add_option("--jobs", jobs, "runs at a time (default: one per CPU)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--executor", executor,
                 "how visits are made: cold, each a start of the target; snapshot, forked from a "
                 "live target where that is possible; auto, what the first 50 show to be better")
      ->check(CLI::IsMember({"cold", "snapshot", "auto"}))
      ->capture_default_str();
  app.add_option("--budget", budget,
                 "what to spend: 90s, 15m, 2h or 500runs; the most telling "
                 "sites come first")
      ->type_name("TIME|RUNS");
  app.add_flag("--dry-run", dry_run,
               "only say what would be visited and how long that takes; nothing is made to fail, "
               "and the store stays as it is");
  app.add_option("--shard", shard,
                 "this part of the plans only; default: as GoogleTest, GitLab, "
                 "Slurm or Kubernetes say in the environment")
      ->type_name("I/N");
  app.add_option("--coverage", coverage,
                 "where a target built with --coverage counts its lines; tells which ones only "
                 "the sweep reached, and which none")
      ->type_name("DIR");
  app.add_flag("--random", random, "sites in random order, by a seed that is printed");
  app.add_option("--seed", seed, "the seed for --random")->type_name("N");
  app.add_option("--baseline", baseline,
                 "findings that are known, a file or a name: only others fail the command")
      ->type_name("FILE|NAME");
  app.add_option("--write-baseline", write_baseline, "write what was found as a baseline")
      ->type_name("FILE");
  app.add_flag("--visit-impossible", visit_impossible,
               "also make calls fail that were seen never to fail in this build");
  app.add_flag("--assumed", assumed,
               "findings whose failure nothing was seen to bring about fail the command too");
  json.Declare(app, "write the summary, or what a dry run says, as JSON too");
  DeclareReport(app, reports);
}

LoadOptions SweepSettings::Load(const GlobalOptions& global) const {
  LoadOptions load;
  load.data = FindData(global.data);
  load.profile = profile;
  load.target = target;
  for (const std::string& text : set) {
    AddSetOption(text, load.set);
  }
  return load;
}

void SweepSettings::ApplyDefinition(const LoadedScenario& loaded) {
  if (definition.empty()) {
    return;
  }
  const std::map<std::string, SweepDefinition>& all = loaded.profile.sweeps;
  const auto found = all.find(definition);
  if (found == all.end()) {
    std::vector<std::string> known;
    for (const auto& [name, sweep] : all) {
      known.push_back(name);
    }
    throw Failure::BadInput(fmt::format(
        "--definition {}: {} and its profile {} have no such sweep; expected {}{}", definition,
        loaded.scenario.name, loaded.profile.name,
        known.empty() ? "one that `sweeps` defines" : fmt::format("{}", fmt::join(known, ", ")),
        DidYouMean(definition, known)));
  }
  const SweepDefinition& sweep = found->second;
  if (sweep.only_changed && changed_since.empty()) {
    throw Failure::BadInput(
        fmt::format("--definition {}: {} says that it is for what changed; give --changed-since "
                    "and --source",
                    definition, sweep.position.ToString()));
  }
  const auto fill = [](std::vector<std::string>& option, const std::vector<std::string>& said) {
    option = option.empty() ? said : option;
  };
  if (selection.points.empty() && selection.groups.empty()) {
    selection.points = sweep.points;
    selection.groups = sweep.groups;
  }
  fill(selection.exclude, sweep.exclude);
  fill(selection.modules, sweep.modules);
  fill(selection.subsystems, sweep.subsystems);
  fill(selection.callers, sweep.callers);
  fill(selection.files, sweep.files);
  fill(modes, sweep.modes);
  budget = budget.empty() ? sweep.budget : budget;
  if (!occurrences && sweep.occurrences > 0) {
    occurrences = sweep.occurrences;
  }
  if (selection.steps.empty() && selection.from_step == 0) {
    selection.from_step = sweep.from_step;
  }
}

std::optional<ChangedLines> SweepSettings::Changed() const {
  if (!changed_since.empty() && source.empty()) {
    throw Failure::BadInput("--changed-since needs --source, the target's source tree");
  }
  if (changed_since.empty() && !source.empty() && reports.empty()) {
    throw Failure::BadInput("--source is for --changed-since and --report: neither is given");
  }
  if (changed_since.empty()) {
    return std::nullopt;
  }
  return ChangedLines::SinceRevision(source, changed_since);
}

SweepOptions SweepSettings::Options(const GlobalOptions& global, const LoadedScenario& loaded) {
  const std::filesystem::path own_directory = OwnDirectory();
  SweepOptions options;
  options.program = RequireProgram(loaded.profile, program, own_directory);
  options.agent = RequireAgent(own_directory);
  options.cache_dir = CacheDir(global);
  if (own) {
    const Executed executed =
        ExecutedCache(options.cache_dir, options.program, loaded.scenario, loaded.profile).Recall();
    const std::filesystem::path& hooked = executed.empty() ? options.program : executed.program;
    if (const std::filesystem::path interpreter = ExecutedFor(hooked); interpreter != hooked) {
      throw Failure::BadInput(fmt::format(
          "--own: {} is a script, and all its calls are made by what reads it ({}): leave --own "
          "away",
          hooked.string(), interpreter.string()));
    }
    selection.modules.push_back(hooked.filename());
    selection.own = true;
  }
  if (const int lives = loaded.scenario.LivesOf(loaded.scenario.subject); selection.life > lives) {
    throw Failure::BadInput(fmt::format("--life {}: the scenario starts the target {} time{}",
                                        selection.life, lives, lives == 1 ? "" : "s"));
  }
  const bool all_points = selection.points.empty() && selection.groups.empty();
  if (!all_points && (leaves || derived)) {
    throw Failure::BadInput(
        fmt::format("{} is for a sweep of all points: --points, --groups or --definition says "
                    "which ones",
                    leaves ? "--leaves" : "--derived"));
  }
  // Where a visit costs a fraction of a start, the many calls from which all else follows can be
  // visited. What is visited does not depend on what auto chooses.
  selection.leaves = all_points && (leaves || (executor != "cold" && !derived));
  options.selection = selection;
  options.selection.nested = nested == "all"         ? Nested::kAll
                             : nested == "innermost" ? Nested::kInnermost
                                                     : Nested::kOutermost;
  if (!modes.empty()) {
    options.modes.clear();
    for (const std::string& mode : modes) {
      options.modes.push_back(ParseMode(mode));
    }
  }
  options.occurrences = occurrences.value_or(kOccurrences);
  options.jobs = jobs.value_or(DefaultJobs());
  options.budget = budget.empty() ? Budget() : ParseBudget(budget);
  options.shard = OwnShard();
  options.visit_impossible = visit_impossible;
  options.version = FAULTLINE_VERSION;
  if (!coverage.empty()) {
    options.coverage.emplace(coverage);
  }
  if (random || seed) {
    options.random_seed = seed ? *seed : std::random_device()();
    PrintMessage("random order, --seed {}\n", *options.random_seed);
  }
  return options;
}

std::string SweepSettings::LookedAt(const Selection& selection) const {
  std::string text = selection.Text();
  if (!modes.empty()) {
    text += fmt::format("{}--modes {}", text.empty() ? "" : " ", fmt::join(modes, ","));
  }
  return text.empty() ? kWholeSweep : text;
}

Shard SweepSettings::OwnShard() const {
  if (!shard.empty()) {
    return ParseShard(shard);
  }
  const std::optional<Shard> given =
      ShardFromEnvironment([](const char* name) { return ::getenv(name); });
  if (given && !given->is_whole()) {
    PrintMessage("shard {}, as {} says\n", given->ToString(), given->source);
  }
  return given.value_or(Shard());
}

}  // namespace faultline
