#include "harness/scenario/testing/bad_keys.h"

// Mistakes in the keys by which own data, the end of a target and its surroundings are said: each
// is told with its place, what was expected and the nearest word.
namespace faultline {
namespace {

using testing::BadKey;
using testing::BadKeyTest;
using testing::kCatalogue;
using testing::kProfile;
using testing::kScenario;

TEST_P(BadKeyTest, IsToldWithPlaceAndExpectation) { Check(GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    Inheriting, BadKeyTest,
    ::testing::Values(
        BadKey{kProfile, "extends: parnet\n", "2:10", "did you mean `parent`?"},
        BadKey{kProfile, "extends: [parent]\n", "2:10", "`extends` is a list; expected the name"},
        BadKey{kProfile, "extends: ./bad.yaml\n", "2:10", "extends itself"},
        BadKey{kProfile, "extends: ./parnt.yaml\n", "2:10", "did you mean `parent.yaml`?"},
        BadKey{kProfile, "args+: [-x]\n", "2:1", "`args+` needs `extends`"},
        BadKey{kProfile, "error_lines-: [x]\n", "2:1", "`error_lines-` needs `extends`"},
        BadKey{kProfile, "catalogues: [small]\nnever_stays: [devise]\n", "3:1",
               "did you mean `device`?"},
        BadKey{kProfile, "extends: parent\nargs-: [--vdve=a]\n", "3:9", "did you mean `--vdev=a`?"},
        BadKey{kProfile, "extends: parent\nargs-: [-q]\n", "3:9", "which is not inherited"},
        BadKey{kProfile, "extends: parent\nleftovers-: [x]\n", "3:14", "which is not inherited"},
        BadKey{kProfile, "extends: parent\nargs: [-x]\nargs+: [-y]\n", "4:1",
               "expected one of the two"},
        BadKey{kProfile, "extends: parent\nargz+: [-x]\n", "3:1", "unknown key `argz+`"},
        BadKey{kProfile, "extends: parent\nenvironment+: [A]\n", "3:15", "expected a map"},
        BadKey{kProfile, "extends: parent\nenvironment-: [B]\n", "3:16", "which is not inherited"},
        BadKey{kProfile, "extends: parent\nargs+: {a: b}\n", "3:8", "`args+` is a map"},
        BadKey{kCatalogue, "extends: bsae\n", "2:10", "did you mean `base`?"},
        BadKey{kCatalogue, "extends: base\npoints-: [base/oen]\n", "3:11",
               "did you mean `base/one`?"},
        BadKey{kCatalogue, "extends: base\npoints-: [other/*]\n", "3:11", "which is not inherited"},
        BadKey{kCatalogue, "wrappers+: [v]\n", "2:1", "`wrappers+` needs `extends`"},
        BadKey{kCatalogue, "extends: base\nwrapers+: [v]\n", "3:1", "unknown key `wrapers+`"},
        BadKey{kScenario, "profile: ./profiles/parnt.yaml\nsteps: []\n", "2:10",
               "did you mean `parent.yaml`?"},
        BadKey{kScenario, "profile: parnt\nsteps: []\n", "2:10", "did you mean `parent`?"},
        BadKey{kScenario, "profile: parent\nsteps:\n  - include: ./nothing.yaml\n", "4:14",
               "there is no file of steps"},
        BadKey{kScenario, "profile: parent\nsteps:\n  - include: steps/../x.yaml\n", "4:14",
               "leads out of the data directory"}));

INSTANTIATE_TEST_SUITE_P(
    AroundTheTarget, BadKeyTest,
    ::testing::Values(
        BadKey{kScenario, "profile: parent\nlimits_of_process: {nofiles: 8}\nsteps: []\n", "3:21",
               "did you mean `nofile`?"},
        BadKey{kScenario, "profile: parent\nlimits_of_process: {nofile: 2}\nsteps: []\n", "3:29",
               "`nofile`"},
        BadKey{kScenario, "profile: parent\nlimits_of_process: {as: 1GB}\nsteps: []\n", "3:25",
               "expected bytes, or a size as 64KiB"},
        BadKey{kScenario, "profile: parent\nlimits_of_process: {stack: -1}\nsteps: []\n", "3:28",
               "`stack` is `-1`"},
        BadKey{kScenario, "profile: parent\nlimits_of_process: [nofile]\nsteps: []\n", "3:20",
               "`limits_of_process`"},
        BadKey{kScenario, "profile: parent\nclosed_descriptors: [3]\nsteps: []\n", "3:22",
               "`closed_descriptors`"},
        BadKey{kScenario, "profile: parent\nenvironment_from: emtpy\nsteps: []\n", "3:19",
               "did you mean `empty`?"},
        BadKey{kScenario, "profile: parent\nresources: {dev_shm: 1}\nsteps: []\n", "3:22",
               "at least 4KiB"},
        BadKey{kScenario, "profile: parent\nresources: {run_dir: readonly}\nsteps: []\n", "3:22",
               "did you mean `read_only`?"},
        BadKey{kScenario, "profile: parent\nresources: {run_dir: 1MB}\nsteps: []\n", "3:22",
               "expected bytes, or a size as 64KiB"},
        BadKey{kScenario, "profile: parent\nresources: {run_dir: 512}\nsteps: []\n", "3:22",
               "at least 4KiB"},
        BadKey{kScenario, "profile: parent\nresources: {run_dir: [1MiB]}\nsteps: []\n", "3:22",
               "`run_dir`"},
        BadKey{kScenario, "profile: parent\nresources: {run_dir: full}\nsteps: []\n", "3:22",
               "expected `writable`, `read_only`, bytes"},
        BadKey{kScenario, "profile: parent\nresources: {devshm: 1MiB}\nsteps: []\n", "3:13",
               "did you mean `dev_shm`?"}));

INSTANTIATE_TEST_SUITE_P(
    Arguments, BadKeyTest,
    ::testing::Values(
        BadKey{kProfile, "program: x\nrequired_args: [-a]\nrequired_args_proof: main\n", "4:22",
               "expected {function: NAME}"},
        BadKey{kProfile, "program: x\nrequired_args: [-a]\nrequired_args_proof: {}\n", "4:22",
               "function"},
        BadKey{kProfile, "program: x\nrequired_args: [-a]\nrequired_args_proof: {functoin: f}\n",
               "4:23", "did you mean `function`?"},
        BadKey{kProfile, "program: x\nrequired_args: [-a]\nrequired_args_proof: {function: [f]}\n",
               "4:33", "`function`"},
        BadKey{kProfile,
               "program: x\nrequired_args: [-a]\nrequired_args_proof: {function: f, log: \"(\"}\n",
               "4:41", "regular expression"},
        BadKey{kProfile,
               "program: x\nrequired_args: [-a]\nrequired_args_proof: {function: f, log: ^ARGS}\n",
               "4:36", "`log` has no group"},
        BadKey{kProfile, "program: x\nrequired_args_proof: {function: f}\n", "3:1",
               "`required_args_proof` needs `required_args`"},
        BadKey{kProfile, "program: x\nrequired_args: [-a]\n", "3:1", "does not stand in `args`"},
        BadKey{kProfile, "program: x\nrequired_arg_proof: {function: f}\n", "3:1",
               "did you mean `required_args_proof`?"},
        BadKey{kProfile, "program: x\nwraps: [a]\n", "3:8", "`wraps`"},
        BadKey{kProfile, "program: x\nwrap: a\n", "3:1", "did you mean `wraps`?"},
        BadKey{kProfile, "program: x\nwraps: a\ndetaches: true\nready: {log: up}\n", "3:1",
               "`wraps` beside `detaches`"}));

INSTANTIATE_TEST_SUITE_P(
    StateAndSweeps, BadKeyTest,
    ::testing::Values(
        BadKey{kProfile, "program: x\nstate_probes: [{rpc: get}]\n", "3:16",
               "`state_probes` needs `rpc: true`"},
        BadKey{kProfile, "program: x\nrpc: true\nstate_probes: [{rpc: get}, {rpc: get}]\n", "4:28",
               "`get` is a state probe twice"},
        BadKey{kProfile, "program: x\nrpc: true\nstate_probes: [{rpc: get, key: name}]\n", "4:27",
               "did you mean `keys`?"},
        BadKey{
            kProfile,
            "program: x\nrpc: true\nstate_probes: [{rpc: get, keys: [a], volatile: [\"t[a.b\"]}]\n",
            "4:16", "may have [NAME] behind it"},
        BadKey{kProfile, "program: x\nrpc: true\nstate_probes: [{rpc: get, only: [\"t[a].b\"]}]\n",
               "4:16", "no `keys` by which elements have names"},
        BadKey{kProfile, "program: x\nrpc: true\nstate_probes: get\n", "4:15",
               "a list of {rpc, params, keys, volatile, only, promised}"},
        BadKey{kProfile,
               "program: x\nrpc: true\nstate_probes: [{rpc: get_disks}]\n"
               "partial_failures: [{rpc: m, probes: [get_disk], note: n}]\n",
               "5:20", "did you mean `get_disks`?"},
        BadKey{kProfile, "program: x\npartial_failures: [{rpc: m}]\n", "3:20", "note"},
        BadKey{kProfile, "program: x\nsweeps: {nightly: {modes: [transiet]}}\n", "3:20",
               "did you mean `transient`?"},
        BadKey{kProfile, "program: x\nsweeps: {nightly: {budget: 90}}\n", "3:20",
               "expected a number and s, m, h or runs"},
        BadKey{kProfile, "program: x\nsweeps: {nightly: {mode: [pair]}}\n", "3:20",
               "did you mean `modes`?"},
        BadKey{kProfile, "program: x\nsweeps: [nightly]\n", "3:9", "a map of names"}));

INSTANTIATE_TEST_SUITE_P(
    Ends, BadKeyTest,
    ::testing::Values(
        BadKey{kProfile, "program: x\nstop: by_itslef\n", "3:7", "did you mean `by_itself`?"},
        BadKey{kProfile, "program: x\nstop: [SIGTERM]\n", "3:7", "{signal: SIGNAL}"},
        BadKey{kProfile, "program: x\nstop: {}\n", "3:7", "expected `by_itself`, {signal"},
        BadKey{kProfile, "program: x\nstop: {signal: SIGTREM}\n", "3:16", "SIGTERM"},
        BadKey{kProfile, "program: x\nstop: {signal: 99}\n", "3:16", "99"},
        BadKey{kProfile, "program: x\nstop: {sginal: SIGTERM}\n", "3:8", "did you mean `signal`?"},
        BadKey{kProfile, "program: x\nstop: {signal: SIGINT, type: q}\n", "3:7",
               "`stop` has 2 ways"},
        BadKey{kProfile, "program: x\nstop: {run: kill}\n", "3:13",
               "expected a list of program and arguments"},
        BadKey{kProfile, "program: x\nstop: {rpc: bye}\n", "3:1", "needs `rpc: true`"},
        BadKey{kProfile, "program: x\nrpc: true\nstop: {rpc: bye, params: 3}\n", "4:26",
               "expected a map or a list"},
        BadKey{kProfile, "program: x\nstop_signal: SIGINT\nstop: {signal: SIGTERM}\n", "4:7",
               "both name a signal"},
        BadKey{kProfile, "program: x\nclean_signals: [TERMM]\n", "3:17", "TERM"},
        BadKey{kProfile, "program: x\nclean_signals: {a: b}\n", "3:16", "`clean_signals`"},
        BadKey{kProfile, "program: x\nclean_signal: SIGTERM\n", "3:1",
               "did you mean `clean_signals`?"},
        BadKey{kProfile, "program: x\nclean_exit_codes: [256]\n", "3:20", "256"},
        BadKey{kProfile, "program: x\ndetaches: perhaps\nready: {log: up}\n", "3:11", "`detaches`"},
        BadKey{kProfile, "program: x\ndetaches: true\n", "3:1", "`detaches` needs `ready:"},
        BadKey{kProfile, "program: x\nready: {flie: up}\n", "3:9", "did you mean `file`?"},
        BadKey{kProfile, "program: x\nready: {file: ''}\n", "3:15", "path of a file or UNIX"},
        BadKey{kProfile, "program: x\nready: {file: [up]}\n", "3:15", "`file`"},
        BadKey{kProfile, "program: x\nready: {port: 65536}\n", "3:15", "from 1 to 65535"},
        BadKey{kProfile, "program: x\nready: {port: http}\n", "3:15", "from 1 to 65535"},
        BadKey{kProfile, "program: x\nready: {file: up, port: 80}\n", "3:8", "{port: NUMBER}"},
        BadKey{kProfile, "program: x\ndetach: true\nready: {log: up}\n", "3:1",
               "did you mean `detaches`?"},
        BadKey{kScenario, "profile: parent\nstop: {tpye: q}\nsteps: []\n", "3:8",
               "did you mean `type`?"},
        BadKey{kScenario, "profile: parent\nstop: {rpc: bye}\nsteps: []\n", "3:1",
               "needs `rpc: true`"},
        BadKey{kScenario, "profile: parent\nclean_signals: SIGNOPE\nsteps: []\n", "3:16",
               "SIGNOPE"},
        BadKey{kScenario, "profile: parent\napp_arg: [x]\nsteps: []\n", "3:1",
               "did you mean `app_args`?"},
        BadKey{kScenario, "profile: parent\napp_args: x\nsteps: []\n", "3:11",
               "expected a list of arguments"},
        BadKey{kScenario, "profile: parent\nsteps:\n  - expect_log: x\n    if_it_come: true\n",
               "5:5", "did you mean `if_it_comes`?"},
        BadKey{kScenario, "profile: parent\nsteps:\n  - expect_log: x\n    if_it_comes: often\n",
               "5:18", "`if_it_comes`"},
        BadKey{kScenario, "profile: parent\nsteps:\n  - wait_exit: 0\n    ask: please\n", "5:10",
               "`ask`"},
        BadKey{kScenario, "profile: parent\nsteps:\n  - wait_ready:\n    ask: true\n", "5:5",
               "unknown key `ask`"},
        BadKey{kScenario, "profile: parent\nvariables: {own_dir: x}\nsteps: []\n", "3:13",
               "`own_dir` gets its value from the run"},
        BadKey{kScenario, "profile: parent\nvariables: {cpu_mask: x}\nsteps: []\n", "3:13",
               "`cpu_mask` gets its value from the run"}));

}  // namespace
}  // namespace faultline
