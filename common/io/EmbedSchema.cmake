# gantry_embed_schema(TARGET NAMESPACE FILE…): makes `std::span<const gantry::sql::SchemaFile> NAMESPACE::schema_files()` out of
# numbered SQL files (001_name.sql …), declared in "TARGET_schema.hpp", so that a program carries the schema it was built with.
set(GANTRY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_schema.cmake CACHE INTERNAL "")

function(gantry_embed_schema target namespace)
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/generated)
  set(files)
  foreach(file ${ARGN})
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE absolute)
    list(APPEND files ${absolute})
  endforeach()
  string(REPLACE ";" "," joined "${files}")
  add_custom_command(
    OUTPUT ${dir}/${target}_schema.cpp ${dir}/${target}_schema.hpp
    COMMAND ${CMAKE_COMMAND} -DFILES=${joined} -DNAMESPACE=${namespace} -DOUT=${dir}/${target}_schema -P ${GANTRY_EMBED_SCRIPT}
    DEPENDS ${files} ${GANTRY_EMBED_SCRIPT}
    COMMENT "Embedding the schema of ${target}")
  target_sources(${target} PRIVATE ${dir}/${target}_schema.cpp)
  target_include_directories(${target} PRIVATE ${dir})
endfunction()
