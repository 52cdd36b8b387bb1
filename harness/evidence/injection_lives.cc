#include "harness/evidence/injection_lives.h"

#include <algorithm>

namespace faultline {
namespace {

// Times and places in lists differ between a life and the whole run: a thread has one id.
bool IsSame(const Injection& one, const Injection& other) {
  return one.fault == other.fault && one.tid == other.tid && one.site == other.site &&
         one.occurrence == other.occurrence && one.step == other.step;
}

int LifeOf(const Injection& injection, const std::vector<Evidence>& lives) {
  for (size_t i = 0; i < lives.size() && lives.size() > 1; ++i) {
    const std::vector<Injection>& all = lives[i].injections;
    if (std::any_of(all.begin(), all.end(),
                    [&](const Injection& one) { return IsSame(one, injection); })) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

}  // namespace

std::vector<int> LivesOfInjections(const Evidence& evidence) {
  std::vector<int> lives;
  for (const Injection& injection : evidence.injections) {
    int life = LifeOf(injection, evidence.lives);
    for (size_t i = 0; i < evidence.targets.size() && life == 0; ++i) {
      life = LifeOf(injection, evidence.targets[i].lives);
    }
    lives.push_back(life);
  }
  return lives;
}

}  // namespace faultline
