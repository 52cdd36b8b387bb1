#include "harness/agent/agent_state.h"

namespace faultline::agent {

constinit Agent the_agent;

}  // namespace faultline::agent
