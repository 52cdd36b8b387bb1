#include "harness/scenario/load_surroundings.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

constexpr char kSizeForms[] = "bytes, or a size as 64KiB, 16MiB or 1GiB";

// "64KiB" in bytes; nullopt, and told, when it is none.
std::optional<uint64_t> ReadSize(const YamlValue& value, std::string_view what,
                                 ReadContext& context) {
  const std::optional<std::string> text = ReadText(value, what, context);
  if (!text) {
    return std::nullopt;
  }
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const std::string unit(end, text->data() + text->size());
  int shift = -1;
  constexpr std::array<std::pair<std::string_view, int>, 4> kUnits = {
      {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};
  for (const auto& [name, bits] : kUnits) {
    shift = unit == name ? bits : shift;
  }
  constexpr uint64_t kMost = uint64_t{1} << 50;
  if (error != std::errc() || shift < 0 || number > kMost >> shift) {
    context.diagnostics.Add(value.position,
                            fmt::format("{} is `{}`; expected {}", what, *text, kSizeForms));
    return std::nullopt;
  }
  return number << shift;
}

constexpr uint64_t kPage = 4096;

// That of a tmpfs, which holds at least a page.
std::optional<uint64_t> ReadSizeOfMount(const YamlValue& value, std::string_view what,
                                        ReadContext& context) {
  const std::optional<uint64_t> size = ReadSize(value, what, context);
  if (size && *size < kPage) {
    context.diagnostics.Add(value.position,
                            fmt::format("{} is smaller than a page; expected at least 4KiB", what));
  }
  return size;
}

void ReadLimit(MapReader& limits, const char* key, int resource, Surroundings& out) {
  const YamlValue* value = limits.Find(key);
  if (value == nullptr) {
    return;
  }
  const std::string what = fmt::format("`{}`", key);
  if (value->kind == YamlValue::Kind::kScalar && value->text == "unlimited") {
    out.limits[resource] = RLIM_INFINITY;
  } else if (resource == RLIMIT_NOFILE) {
    if (const auto number = ReadInteger(*value, what, limits.context(), 3, 1'048'576)) {
      out.limits[resource] = static_cast<uint64_t>(*number);
    }
  } else if (const auto size = ReadSize(*value, what, limits.context())) {
    out.limits[resource] = *size;
  }
}

// A size, or one of two words.
void ReadRunDir(const YamlValue& value, ReadContext& context, Surroundings& out) {
  const std::optional<std::string> text = ReadText(value, "`run_dir`", context);
  if (!text) {
    return;
  }
  if (!text->empty() && text->front() >= '0' && text->front() <= '9') {
    out.run_dir = ReadSizeOfMount(value, "`run_dir`", context);
  } else if (*text == "read_only") {
    out.read_only_run_dir = true;
  } else if (*text != "writable") {
    context.diagnostics.Add(
        value.position,
        fmt::format("`run_dir` is `{}`; expected `writable`, `read_only`, {}{}", *text, kSizeForms,
                    DidYouMean(*text, {"writable", "read_only"})));
  }
}

}  // namespace

void ReadSurroundings(MapReader& map, Surroundings& out) {
  if (const YamlValue* value = map.Find("limits_of_process"); value != nullptr) {
    MapReader limits(*value, "`limits_of_process`", map.context());
    ReadLimit(limits, "nofile", RLIMIT_NOFILE, out);
    ReadLimit(limits, "memlock", RLIMIT_MEMLOCK, out);
    ReadLimit(limits, "as", RLIMIT_AS, out);
    ReadLimit(limits, "fsize", RLIMIT_FSIZE, out);
    ReadLimit(limits, "stack", RLIMIT_STACK, out);
    limits.Finish();
  }
  if (const YamlValue* value = map.Find("closed_descriptors"); value != nullptr) {
    out.closed_descriptors = ReadIntegers(*value, "`closed_descriptors`", map.context(), 0, 2);
  }
  if (const YamlValue* value = map.Find("environment_from"); value != nullptr) {
    static const Words<bool> kWords = {{"own", false}, {"empty", true}};
    out.empty_environment =
        ReadWord(*value, "`environment_from`", map.context(), kWords).value_or(false);
  }
}

void ReadDevShm(const YamlValue& value, ReadContext& context, Surroundings& out) {
  const bool is_word = value.kind == YamlValue::Kind::kScalar && !value.text.empty() &&
                       (std::isalpha(static_cast<unsigned char>(value.text.front())) != 0);
  out.read_only_dev_shm = is_word && value.text == "read_only";
  if (is_word && !out.read_only_dev_shm) {
    context.diagnostics.Add(value.position,
                            fmt::format("`dev_shm` is `{}`; expected `read_only`, {}{}", value.text,
                                        kSizeForms, DidYouMean(value.text, {"read_only"})));
    return;
  }
  out.dev_shm = out.read_only_dev_shm ? std::optional<uint64_t>(kPage)
                                      : ReadSizeOfMount(value, "`dev_shm`", context);
}

void ReadOwnDirectories(const YamlValue& value, ReadContext& context, Surroundings& out) {
  if (value.kind != YamlValue::Kind::kMap) {
    context.diagnostics.Add(value.position, "`directories` is a map of paths to sizes");
    return;
  }
  for (const YamlValue::Entry& entry : value.entries) {
    const std::string& path = entry.key;
    if (path.size() < 2 || path.front() != '/' || path.back() == '/') {
      context.diagnostics.Add(
          entry.key_position,
          fmt::format("`{}` of `directories`; expected an absolute path as /dev/hugepages", path));
    } else if (const auto size =
                   ReadSizeOfMount(*entry.value, fmt::format("`{}`", path), context)) {
      out.directories[path] = *size;
    }
  }
}

void ReadDirectories(MapReader& resources, Surroundings& out) {
  if (const YamlValue* value = resources.Find("dev_shm"); value != nullptr) {
    ReadDevShm(*value, resources.context(), out);
  }
  if (const YamlValue* value = resources.Find("run_dir"); value != nullptr) {
    ReadRunDir(*value, resources.context(), out);
  }
  if (const YamlValue* value = resources.Find("directories"); value != nullptr) {
    ReadOwnDirectories(*value, resources.context(), out);
  }
}

}  // namespace faultline
