#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/sweep/proof.h"
#include "harness/sweep/site_list.h"
#include "harness/sweep/stack_json.h"

// Sites and calls of a small program, for tests of proofs from below.
namespace faultline::testkit {

// "send_msg+7" is offset 7 in the function send_msg.
inline Stack AStack(const std::vector<std::string>& frames) {
  Stack stack;
  for (const std::string& text : frames) {
    const size_t plus = text.find('+');
    Frame frame;
    frame.function = text.substr(0, plus);
    frame.module = "target";
    frame.offset = protocol::HashText(text);
    stack.push_back(frame);
  }
  return stack;
}

inline StoredSite ASite(const std::string& point, const std::vector<std::string>& frames,
                        int64_t position = 1) {
  StoredSite site;
  site.point = point;
  site.stack = CompactText(StackToJson(AStack(frames)));
  site.place = PlaceOf(AStack(frames));
  site.hash = SiteHashText(protocol::HashText(point + site.stack));
  site.position = position;
  site.calls = 1;
  return site;
}

inline FaultPoint APoint(const std::string& name, const std::string& symbol,
                         FaultPoint::Kind kind) {
  FaultPoint point;
  point.name = name;
  point.symbols = {symbol};
  point.kind = kind;
  return point;
}

class ProofTest : public ::testing::Test {
 protected:
  ProofTest() {
    catalogue_.points = {
        APoint("t/send", "send_msg", FaultPoint::Kind::kDerived),
        APoint("t/create", "create", FaultPoint::Kind::kDerived),
        APoint("libc/calloc", "calloc", FaultPoint::Kind::kLeaf),
        APoint("libc/open", "open", FaultPoint::Kind::kLeaf),
        APoint("ring/enqueue", "enqueue", FaultPoint::Kind::kState),
    };
  }

  std::vector<PlaceBelow> Below(const std::vector<StoredSite>& census) const {
    return PlacesBelow(derived_, catalogue_.points[0], census, catalogue_);
  }
  static std::vector<std::string> Points(const std::vector<PlaceBelow>& places) {
    std::vector<std::string> points;
    for (const PlaceBelow& place : places) {
      points.push_back(place.site.point);
    }
    return points;
  }

  Catalogue catalogue_;
  StoredSite derived_ = ASite("t/send", {"start+1", "main+1"});
};

inline FindingGroup AGroup(const std::string& signature) {
  FindingGroup finding;
  finding.signature = signature;
  return finding;
}

inline WatchedReturn AReturn(const StoredSite& site, bool returned, bool failed) {
  WatchedReturn call;
  call.point = site.point;
  call.site = SiteHashValue(site.hash);
  call.hit_inside = true;
  call.returned = returned;
  call.failed = failed;
  return call;
}

}  // namespace faultline::testkit
