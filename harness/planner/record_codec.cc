#include "harness/planner/record_codec.h"

#include <utility>

#include "harness/planner/byte_stream.h"

namespace faultline {
namespace {

void PutNames(ByteWriter& writer, const std::set<std::string>& names) {
  writer.Put(static_cast<uint32_t>(names.size()));
  for (const std::string& name : names) {
    writer.PutText(name);
  }
}

std::set<std::string> GetNames(ByteReader& reader) {
  std::set<std::string> names;
  for (size_t i = reader.GetCount(); i > 0; --i) {
    names.insert(names.end(), reader.GetText());
  }
  return names;
}

void PutHook(ByteWriter& writer, const PlannedHook& hook) {
  writer.PutText(hook.symbol);
  writer.Put(hook.recipe.entry);
  writer.Put(hook.recipe.patch_at);
  writer.Put(hook.recipe.displaced);
  writer.PutArray(hook.recipe.original);
  writer.PutArray(hook.recipe.trampoline);
  writer.PutArray(hook.recipe.fixups);
}

PlannedHook GetHook(ByteReader& reader) {
  PlannedHook hook;
  hook.symbol = reader.GetText();
  hook.recipe.entry = reader.Get<uint64_t>();
  hook.recipe.patch_at = reader.Get<uint64_t>();
  hook.recipe.displaced = reader.Get<uint8_t>();
  hook.recipe.original = reader.GetArray<uint8_t>();
  hook.recipe.trampoline = reader.GetArray<uint8_t>();
  hook.recipe.fixups = reader.GetArray<protocol::PlanFixup>();
  return hook;
}

void PutModule(ByteWriter& writer, const ModuleRecord& module) {
  writer.PutText(module.path);
  writer.Put(module.identity);
  writer.PutText(module.canonical_path);
  writer.Put(module.build_id);
  writer.Put(module.tls_size);
  writer.Put(module.has_symtab);
  writer.Put(module.has_full_symbols);
  writer.PutText(module.debug_link);
  writer.Put(static_cast<uint32_t>(module.debug_files.size()));
  for (const auto& [path, identity] : module.debug_files) {
    writer.PutText(path);
    writer.Put(identity);
  }
  writer.Put(static_cast<uint32_t>(module.hooks.size()));
  for (const HookAnswer& answer : module.hooks) {
    writer.PutText(answer.name);
    writer.Put(answer.status);
    writer.PutText(answer.reason);
    writer.PutText(answer.note);
    writer.Put(static_cast<uint32_t>(answer.hooks.size()));
    for (const PlannedHook& hook : answer.hooks) {
      PutHook(writer, hook);
    }
  }
  writer.Put(static_cast<uint32_t>(module.ranges.size()));
  for (const RangeAnswer& answer : module.ranges) {
    writer.PutText(answer.name);
    writer.PutArray(answer.ranges);
  }
  writer.Put(static_cast<uint32_t>(module.tls.size()));
  for (const TlsAnswer& answer : module.tls) {
    writer.PutText(answer.name);
    writer.Put(answer.offset);
  }
}

HookAnswer GetHookAnswer(ByteReader& reader) {
  HookAnswer answer;
  answer.name = reader.GetText();
  answer.status = reader.Get<PointCoverage::Status>();
  answer.reason = reader.GetText();
  answer.note = reader.GetText();
  for (size_t i = reader.GetCount(); i > 0; --i) {
    answer.hooks.push_back(GetHook(reader));
  }
  return answer;
}

ModuleRecord GetModule(ByteReader& reader) {
  ModuleRecord module;
  module.path = reader.GetText();
  module.identity = reader.Get<FileIdentity>();
  module.canonical_path = reader.GetText();
  module.build_id = reader.Get<protocol::BuildId>();
  module.tls_size = reader.Get<uint64_t>();
  module.has_symtab = reader.Get<bool>();
  module.has_full_symbols = reader.Get<bool>();
  module.debug_link = reader.GetText();
  for (size_t i = reader.GetCount(); i > 0; --i) {
    std::string path = reader.GetText();
    module.debug_files.emplace_back(std::move(path), reader.Get<FileIdentity>());
  }
  for (size_t i = reader.GetCount(); i > 0; --i) {
    module.hooks.push_back(GetHookAnswer(reader));
  }
  for (size_t i = reader.GetCount(); i > 0; --i) {
    std::string name = reader.GetText();
    module.ranges.push_back({std::move(name), reader.GetArray<AddressRange>()});
  }
  for (size_t i = reader.GetCount(); i > 0; --i) {
    std::string name = reader.GetText();
    module.tls.push_back({std::move(name), reader.Get<uint64_t>()});
  }
  return module;
}

}  // namespace

std::string EncodeRecords(const RecordSet& records) {
  ByteWriter body;
  PutNames(body, records.asked.hooks);
  PutNames(body, records.asked.ranges);
  PutNames(body, records.asked.tls);
  body.Put(static_cast<uint32_t>(records.modules.size()));
  for (const ModuleRecord& module : records.modules) {
    PutModule(body, module);
  }
  return body.bytes();
}

std::optional<RecordSet> DecodeRecords(std::string_view bytes) {
  ByteReader reader(bytes);
  RecordSet records;
  records.asked.hooks = GetNames(reader);
  records.asked.ranges = GetNames(reader);
  records.asked.tls = GetNames(reader);
  for (size_t i = reader.GetCount(); i > 0; --i) {
    records.modules.push_back(GetModule(reader));
  }
  if (!reader.ok() || !reader.at_end()) {
    return std::nullopt;
  }
  return records;
}

}  // namespace faultline
