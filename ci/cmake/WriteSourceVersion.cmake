# cmake -DOUT=FILE.h -DNAME=kName -DFILES="A|B|..." -P WriteSourceVersion.cmake: a header with a number that changes
# with the content of the files.
string(REPLACE "|" ";" FILES "${FILES}")
set(hashes "")
foreach(file ${FILES})
  file(SHA256 ${file} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}")
string(SUBSTRING ${hash} 0 16 hash)
file(WRITE ${OUT} "#pragma once\n\n#include <cstdint>\n\nnamespace faultline {\n\ninline constexpr uint64_t ${NAME} = 0x${hash};\n\n}  // namespace faultline\n")
