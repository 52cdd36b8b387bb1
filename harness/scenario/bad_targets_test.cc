#include "harness/scenario/testing/bad_keys.h"

// Mistakes in the keys of several targets.
namespace faultline {
namespace {

using testing::BadKey;
using testing::BadKeyTest;

class BadTargetTest : public BadKeyTest {};

TEST_P(BadTargetTest, IsToldWithPlaceAndExpectation) { Check(GetParam()); }

constexpr char kFile[] = "s.yaml";

// Two targets, then `rest`.
#define TWO(rest) "targets:\n  one: {profile: parent}\n  two: {profile: parent}\n" rest

INSTANTIATE_TEST_SUITE_P(
    Targets, BadTargetTest,
    ::testing::Values(
        BadKey{kFile, "targets: [one]\nsteps: []\n", "2:10", "expected a map of at most 16 NAME"},
        BadKey{kFile, "targets: {}\nsteps: []\n", "2:10", "expected a map of at most 16 NAME"},
        BadKey{kFile, "targets: one\nsteps: []\n", "2:10", "expected a map of at most 16 NAME"},
        BadKey{kFile, "tragets: {one: {profile: parent}}\nsteps: []\n", "2:1",
               "did you mean `targets`?"},
        BadKey{kFile, "targets:\n  One: {profile: parent}\nsteps: []\n", "3:3",
               "`One` is no name of a target"},
        BadKey{kFile, "targets:\n  a-b: {profile: parent}\nsteps: []\n", "3:3",
               "lower-case letters, digits and `_`"},
        BadKey{kFile, "targets:\n  a_name_that_is_longer_than_24: {profile: parent}\nsteps: []\n",
               "3:3", "at most 24"},
        BadKey{kFile, "targets:\n  one: parent\nsteps: []\n", "3:8", "a target"},
        BadKey{kFile, "targets:\n  one: {}\nsteps: []\n", "3:8", "`profile`"},
        BadKey{kFile, "targets:\n  one: {profile: parnt}\nsteps: []\n", "3:18",
               "did you mean `parent`?"},
        BadKey{kFile, "targets:\n  one: {profil: parent}\nsteps: []\n", "3:9",
               "did you mean `profile`?"},
        BadKey{kFile, "targets:\n  one: {profile: parent, extra_arg: [x]}\nsteps: []\n", "3:26",
               "did you mean `extra_args`?"},
        BadKey{kFile, "targets:\n  one: {profile: parent, extra_args: x}\nsteps: []\n", "3:38",
               "expected a list of arguments"},
        BadKey{kFile, "targets:\n  one: {profile: parent, stop: {tpye: q}}\nsteps: []\n", "3:33",
               "did you mean `type`?"},
        BadKey{kFile, "targets:\n  one: {profile: parent, stop: {rpc: bye}}\nsteps: []\n", "3:26",
               "needs `rpc: true`"},
        BadKey{kFile, "targets:\n  one: {profile: parent, clean_signals: [NO]}\nsteps: []\n",
               "3:42", "NO"},
        BadKey{kFile, "targets:\n  one: {profile: parent, variables: {cpu: x}}\nsteps: []\n",
               "3:38", "`cpu` gets its value from the run"},
        BadKey{kFile, "targets:\n  one: {profile: parent, extra_args: [\"${nope}\"]}\nsteps: []\n",
               "3:39", "unknown variable `${nope}`"},
        BadKey{kFile, TWO("profile: parent\nsteps: []\n"), "5:1", "`profile` beside `targets`"},
        BadKey{kFile, TWO("extra_args: [x]\nsteps: []\n"), "5:1", "`extra_args` beside `targets`"},
        BadKey{kFile, TWO("stop: by_itself\nsteps: []\n"), "5:1", "expected it in one of"},
        BadKey{kFile, TWO("subject: tow\nsteps: []\n"), "5:10", "did you mean `two`?"},
        BadKey{kFile, "profile: parent\nsubject: one\nsteps: []\n", "3:1",
               "`subject` needs `targets`"}));

INSTANTIATE_TEST_SUITE_P(
    Lives, BadTargetTest,
    ::testing::Values(
        BadKey{kFile,
               "profile: parent\nsteps: [restart]\nfaults:\n  - {point: base/one, life: 3}\n",
               "5:5", "`life` is 3, but the target is started 2 times"},
        BadKey{kFile, "profile: parent\nsteps: []\nfaults:\n  - {point: base/one, life: 0}\n",
               "5:29", "`life`"},
        BadKey{kFile, "profile: parent\nsteps: []\nfaults:\n  - {point: base/one, life: two}\n",
               "5:29", "`life`"},
        BadKey{kFile, "profile: parent\nsteps: []\nfaults:\n  - {point: base/one, lief: 1}\n",
               "5:23", "did you mean `life`?"},
        BadKey{kFile,
               TWO("steps:\n  - start: two\nfaults:\n"
                   "  - {point: base/one, target: two, life: 2}\n"),
               "8:5", "started 1 time"},
        BadKey{kFile, TWO("repeat: 2\nsteps: []\n"), "1:1", "`repeat` beside `targets`"},
        BadKey{kFile, "profile: parent\nresources: {dev_shm: read_onyl}\nsteps: []\n", "3:22",
               "did you mean `read_only`?"},
        BadKey{kFile, "profile: parent\nresources: {directories: {huge: 1MiB}}\nsteps: []\n",
               "3:27", "an absolute path as /dev/hugepages"},
        BadKey{kFile, "profile: parent\nresources: {directories: {/huge: 1}}\nsteps: []\n", "3:34",
               "at least 4KiB"},
        BadKey{kFile, "profile: parent\nsteps: [{expect_open_files: -1}]\n", "3:29",
               "a number from 0"},
        BadKey{kFile, "profile: parent\nresources: {dev_shm: [read_only]}\nsteps: []\n", "3:22",
               "`dev_shm`"}));

#define SHARING(shares) \
  "targets:\n  one: {profile: parent}\n  two: {profile: parent, shares: " shares "}\nsteps: []\n"

INSTANTIATE_TEST_SUITE_P(
    Shares, BadTargetTest,
    ::testing::Values(BadKey{kFile, SHARING("{file_prefx: one}"), "4:35",
                             "did you mean `file_prefix`?"},
                      BadKey{kFile, SHARING("{pid: one}"), "4:35", "run_dir"},
                      BadKey{kFile, SHARING("{cpu: oen}"), "4:40", "did you mean `one`?"},
                      BadKey{kFile, SHARING("{cpu: two}"), "4:40", "no target `two` before `two`"},
                      BadKey{kFile, SHARING("[cpu]"), "4:34", "as {file_prefix: OTHER_TARGET}"},
                      BadKey{kFile, SHARING("cpu"), "4:34", "as {file_prefix: OTHER_TARGET}"},
                      BadKey{kFile, SHARING("{cpu: [one]}"), "4:40", "`cpu`"}));

INSTANTIATE_TEST_SUITE_P(
    StepsAndFaults, BadTargetTest,
    ::testing::Values(
        BadKey{kFile, TWO("steps:\n  - wait_ready:\n    target: tow\n"), "6:5",
               "there is no target `tow`; did you mean `two`?"},
        BadKey{kFile, "profile: parent\nsteps:\n  - wait_ready:\n    target: one\n", "4:5",
               "the scenario has no `targets`"},
        BadKey{kFile, TWO("steps:\n  - wait_ready:\n    tagret: two\n"), "7:5",
               "did you mean `target`?"},
        BadKey{kFile, TWO("steps:\n  - wait_ready:\n    target: [two]\n"), "7:13", "`target`"},
        BadKey{kFile, TWO("steps:\n  - start\n"), "6:5", "`start: ...`"},
        BadKey{kFile, TWO("steps:\n  - start: tow\n"), "6:5", "did you mean `two`?"},
        BadKey{kFile, TWO("steps:\n  - start: two\n    target: one\n"), "7:5",
               "unknown key `target`"},
        BadKey{kFile, TWO("steps:\n  - strat: two\n"), "6:5", "did you mean `start`?"},
        BadKey{kFile, TWO("steps:\n  - start: [one, two]\n"), "6:12", "`start`"},
        BadKey{kFile, TWO("steps:\n  - {wait_ready: , target: two}\n  - start: two\n"), "6:5",
               "expected `start: two` before"},
        BadKey{kFile, TWO("steps:\n  - start: one\n  - start: two\n"), "3:3",
               "expected one that starts by itself"},
        BadKey{kFile, TWO("steps:\n  - {rpc: x, target: two}\n"), "6:5",
               "`rpc` speaks JSON-RPC, but profile `"},
        BadKey{kFile, TWO("steps:\n  - {raw: x, target: two}\n"), "6:5", "`raw` speaks JSON-RPC"},
        BadKey{kFile, TWO("steps:\n  - {raw: x, target: two}\n"), "6:5",
               "another protocol: let a client speak it with `run: [...]`"},
        BadKey{kFile, TWO("steps:\n  - {include: ./none.yaml, tagret: two}\n"), "6:28",
               "did you mean `target`?"},
        BadKey{kFile, TWO("steps:\n  - repeat: 2\n    target: tow\n    steps: [wait_ready]\n"),
               "8:13", "did you mean `two`?"},
        BadKey{kFile, TWO("steps:\n  - run: [echo, \"${tow.pid}\"]\n"), "6:17",
               "unknown variable `${tow.pid}`"},
        BadKey{kFile, TWO("steps:\n  - run: [echo, \"${two.pdi}\"]\n"), "6:17",
               "did you mean `two.pid`?"},
        BadKey{kFile, "profile: parent\nsteps:\n  - run: [echo, \"${one.pid}\"]\n", "4:17",
               "`${one.pid}` is not a variable"},
        BadKey{kFile, TWO("steps: []\nfaults:\n  - {point: base/one, target: tow}\n"), "7:5",
               "did you mean `two`?"},
        BadKey{kFile, TWO("steps: []\nfaults:\n  - {point: base/oen, target: two}\n"), "7:5",
               "catalogues of profile `parent`"},
        BadKey{kFile, "profile: parent\nsteps: []\nfaults:\n  - {point: base/one, target: one}\n",
               "5:5", "the scenario has no `targets`"}));

}  // namespace
}  // namespace faultline
