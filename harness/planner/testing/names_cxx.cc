namespace shop {

struct Widget {
  __attribute__((noinline)) static int Make(int size) { return size * 5; }
  __attribute__((noinline)) int Use(int times) const { return times + 1; }
};

template <typename T>
__attribute__((noinline)) T Twice(T value) {
  return value + value;
}

}  // namespace shop

__attribute__((noinline)) int free_function(int x) { return x + 3; }

extern "C" int call_cxx(int x) {
  return shop::Widget::Make(x) + shop::Widget().Use(x) + shop::Twice(x) + free_function(x);
}
