# Writes the assembler file and the table that put DIST into the program. Called with -DDIST= -DOUT=.
cmake_minimum_required(VERSION 3.25)
set(types
  ".html=text/html\\; charset=utf-8" ".js=text/javascript\\; charset=utf-8" ".css=text/css\\; charset=utf-8" ".svg=image/svg+xml"
  ".json=application/json" ".webmanifest=application/manifest+json" ".png=image/png")

file(GLOB_RECURSE files RELATIVE ${DIST} ${DIST}/*)
list(FILTER files EXCLUDE REGEX "\\.gz$")
list(SORT files)
if(NOT "index.html" IN_LIST files)
  message(FATAL_ERROR "${DIST} holds no index.html: the page was not built")
endif()

set(asm "# Made from ${DIST} by embed.cmake.\n  .section .rodata\n")
set(decls "")
set(rows "")
set(n 0)
foreach(file IN LISTS files)
  cmake_path(GET file EXTENSION LAST_ONLY ext)
  set(type "application/octet-stream")
  foreach(pair IN LISTS types)
    string(REPLACE "\\;" ";" pair "${pair}")
    if(pair MATCHES "^\\${ext}=(.*)$")
      set(type "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  file(SIZE ${DIST}/${file} raw_size)
  file(SHA256 ${DIST}/${file} hash)
  string(SUBSTRING ${hash} 0 32 etag)
  set(gz_size 0)
  set(variants "raw")
  if(EXISTS ${DIST}/${file}.gz)
    file(SIZE ${DIST}/${file}.gz gz_size)
    if(gz_size LESS raw_size)
      list(APPEND variants "gz")
    else()
      set(gz_size 0)
    endif()
  endif()
  foreach(variant IN LISTS variants)
    set(source ${DIST}/${file})
    if(variant STREQUAL "gz")
      string(APPEND source ".gz")
    endif()
    set(name "gantry_web_${n}_${variant}")
    string(APPEND asm "  .global ${name}\n  .type ${name}, @object\n  .balign 16\n${name}:\n  .incbin \"${source}\"\n  .size ${name}, . - ${name}\n")
    string(APPEND decls "extern const std::uint8_t ${name}[];\n")
  endforeach()
  set(gz_span "{}")
  if(gz_size GREATER 0)
    set(gz_span "{gantry_web_${n}_gz, ${gz_size}}")
  endif()
  set(immutable false)
  if(file MATCHES "-[0-9a-f]+\\.[a-z]+$")
    set(immutable true)
  endif()
  string(APPEND rows "      {\"/${file}\", \"${type}\", \"\\\"${etag}\\\"\", {gantry_web_${n}_raw, ${raw_size}}, ${gz_span}, ${immutable}},\n")
  math(EXPR n "${n} + 1")
endforeach()
string(APPEND asm "  .section .note.GNU-stack,\"\",@progbits\n")

file(WRITE ${OUT}/web_assets.S "${asm}")
file(WRITE ${OUT}/web_asset_table.hpp "// Made by embed.cmake.
#pragma once

#include <array>

#include \"server/web/assets.hpp\"

extern \"C\" {
${decls}}

namespace gantry::web::generated {

inline std::span<const Asset> table() {
  static const std::array<Asset, ${n}> all{{
${rows}  }};
  return all;
}

}  // namespace gantry::web::generated
")
