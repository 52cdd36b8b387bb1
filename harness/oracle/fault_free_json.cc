#include <exception>

#include "harness/oracle/fault_free_run.h"

// FaultFreeRun as JSON, for caches and stores.
namespace faultline {
namespace {

using nlohmann::json;

json GroupsToJson(const FaultFreeRun& run) {
  json groups = json::array();
  for (const ObjectGroup& group : run.groups) {
    groups.push_back({group.name, group.made_by, group.order, group.created, group.lasting,
                      group.alive, group.released_by, group.release_chain, group.released_by_stop,
                      group.part_of, group.ended});
  }
  return groups;
}

json AnswersToJson(const FaultFreeRun& run) {
  json answers = json::array();
  for (const FaultFreeAnswer& answer : run.answers) {
    const json changes = answer.changes ? json(*answer.changes) : json();
    answers.push_back(
        {answer.method, static_cast<int>(answer.outcome), answer.answer, changes, answer.added});
  }
  return answers;
}

json StaticObjectsToJson(const FaultFreeRun& run) {
  json objects = json::array();
  for (const StaticObject& object : run.static_objects) {
    objects.push_back({object.place.module, object.place.offset, object.registry, object.label});
  }
  return objects;
}

json ToJson(const FaultFreeRun& run);

FaultFreeRun Parse(const json& in) {
  FaultFreeRun run;
  in.at("start_ms").get_to(run.start_ms);
  in.at("answer_ms").get_to(run.rpc_ms);
  in.at("end_ms").get_to(run.stop_ms);
  in.at("left_behind").get_to(run.left_behind);
  in.at("removed_by_steps").get_to(run.removed_by_steps);
  in.at("unwinds").get_to(run.unwinds);
  for (const json& group : in.at("groups")) {
    run.groups.push_back({group.at(0), group.at(1), group.at(2), group.at(3), group.at(4),
                          group.at(5), group.at(6), group.at(7), group.at(8), group.at(9),
                          group.at(10)});
  }
  in.at("open_files").get_to(run.open_files);
  in.at("opened_by").get_to(run.opened_by);
  in.at("open_std").get_to(run.open_std);
  for (const json& object : in.at("static_objects")) {
    run.static_objects.push_back({{object.at(0), object.at(1)}, object.at(2), object.at(3)});
  }
  for (const json& answer : in.at("answers")) {
    run.answers.push_back(
        {answer.at(0), static_cast<RpcExchange::Outcome>(answer.at(1).get<int>()), answer.at(2),
         answer.at(3).is_null() ? std::nullopt : std::optional<int>(answer.at(3).get<int>()),
         answer.at(4)});
  }
  in.at("lines").get_to(run.lines);
  for (const json& life : in.at("lives")) {
    run.lives.push_back(Parse(life));
  }
  for (const auto& [name, target] : in.at("targets").items()) {
    run.targets[name] = Parse(target);
  }
  return run;
}

json ToJson(const FaultFreeRun& run) {
  json lives = json::array();
  for (const FaultFreeRun& life : run.lives) {
    lives.push_back(ToJson(life));
  }
  json targets = json::object();
  for (const auto& [name, target] : run.targets) {
    targets[name] = ToJson(target);
  }
  return {{"start_ms", run.start_ms},
          {"answer_ms", run.rpc_ms},
          {"end_ms", run.stop_ms},
          {"left_behind", run.left_behind},
          {"removed_by_steps", run.removed_by_steps},
          {"groups", GroupsToJson(run)},
          {"open_files", run.open_files},
          {"open_std", run.open_std},
          {"static_objects", StaticObjectsToJson(run)},
          {"answers", AnswersToJson(run)},
          {"lines", run.lines},
          {"unwinds", run.unwinds},
          {"opened_by", run.opened_by},
          {"lives", lives},
          {"targets", targets}};
}

}  // namespace

std::string FaultFreeToJson(const FaultFreeRun& run) {
  return ToJson(run).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<FaultFreeRun> FaultFreeFromJson(const std::string& text) {
  const json in = json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    return Parse(in);
  } catch (const json::exception&) {
    return std::nullopt;  // not ours, of another version, or damaged
  }
}

}  // namespace faultline
