// A second static function of the same name.
__attribute__((noinline, used)) static int twin(int x) { return x * x; }
int call_other_twin(int x) { return twin(x) + 2; }
