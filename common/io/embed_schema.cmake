# Run by gantry_embed_schema: FILES (comma separated), NAMESPACE, OUT (path without extension).
string(REPLACE "," ";" files "${FILES}")
cmake_path(GET OUT FILENAME stem)
file(WRITE ${OUT}.hpp "#pragma once
#include <span>
#include \"common/io/sqlite.hpp\"
namespace ${NAMESPACE} {
std::span<const gantry::sql::SchemaFile> schema_files();
}
")
set(rows "")
foreach(file ${files})
  cmake_path(GET file STEM name)
  if(NOT name MATCHES "^0*([1-9][0-9]*)_")
    message(FATAL_ERROR "${file}: want NNN_name.sql")
  endif()
  set(version ${CMAKE_MATCH_1})
  file(READ ${file} sql)
  string(APPEND rows "    {${version}, \"${name}\", R\"~~~(${sql})~~~\"},\n")
endforeach()
file(WRITE ${OUT}.cpp "#include \"${stem}.hpp\"
namespace ${NAMESPACE} {
static constexpr gantry::sql::SchemaFile files[] = {
${rows}};
std::span<const gantry::sql::SchemaFile> schema_files() { return files; }
}
")
