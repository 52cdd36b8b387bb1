#pragma once

namespace faultline::agent {

// The value of `name` in a NULL-terminated environment, or nullptr. Unlike getenv it works before
// libc is initialised.
const char* FindVariable(char** environment, const char* name);

// Takes `name` out of the environment block itself, which libc adopts later: children that the
// program executes do not inherit it.
void RemoveVariable(char** environment, const char* name);

// Takes every entry of LD_PRELOAD whose base name is `library`'s out of the environment block;
// other entries stay, in order, and the variable goes when none is left.
void RemoveFromPreload(char** environment, const char* library);

}  // namespace faultline::agent
