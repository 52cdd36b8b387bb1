#include "harness/scenario/site_place.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "harness/scenario/load_common.h"

namespace faultline {
namespace {

constexpr size_t kHashDigits = 16;

SitePlace ReadSitePlace(MapReader& map) {
  SitePlace place;
  for (const char* key : {"site", "point", "place"}) {
    map.Require(key);
  }
  map.Text("site", place.hash);
  map.Text("point", place.point);
  map.Text("place", place.place);
  if (const YamlValue* index = map.Find("index"); index != nullptr) {
    place.index =
        ReadInteger(*index, "`index`", map.context(), 1, std::numeric_limits<int32_t>::max())
            .value_or(place.index);
  }
  if (!place.hash.empty() &&
      (place.hash.size() != kHashDigits ||
       place.hash.find_first_not_of("0123456789abcdef") != std::string::npos)) {
    map.context().diagnostics.Add(
        map.KeyPosition("site"),
        fmt::format("`site` is `{}`; expected 16 hexadecimal digits, as `faultline` prints them",
                    place.hash));
  }
  return place;
}

}  // namespace

std::vector<SitePlace> ReadSitePlaces(MapReader& map) {
  std::vector<SitePlace> places;
  const YamlValue* list = map.Find("places");
  if (list == nullptr) {
    return places;
  }
  if (list->kind != YamlValue::Kind::kSequence) {
    ReportWrongType(*list, "`places`", "a list of {site, point, place, index}", map.context());
    return places;
  }
  for (const YamlPtr& item : list->items) {
    MapReader reader(*item, "a place", map.context());
    SitePlace place = ReadSitePlace(reader);
    reader.Finish();
    places.push_back(std::move(place));
  }
  return places;
}

}  // namespace faultline
