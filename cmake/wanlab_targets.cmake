# Helpers that keep every room's CMakeLists.txt to a few lines.

# Settings every target shares. No contraction and no -march=native: what reaches the digest must be the
# same on every machine (IEEE arithmetic as written).
add_library(wanlab_settings INTERFACE)
target_include_directories(wanlab_settings INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(wanlab_settings INTERFACE -ffp-contract=off -fno-strict-aliasing)

add_library(wanlab_warnings INTERFACE)
target_compile_options(wanlab_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wcast-align -Wcast-qual -Wduplicated-cond
  -Wduplicated-branches -Wlogical-op -Wuseless-cast -Wformat=2 -Wextra-semi -Wsuggest-override
  -Wundef -Wimplicit-fallthrough)

# wanlab_library(<name> SOURCES <files> [DEPENDS <targets>])
#   <name> is the room's path with slashes as underscores, e.g. sim_kernel.
function(wanlab_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC wanlab_settings ${arg_DEPENDS} PRIVATE wanlab_warnings)
endfunction()

# wanlab_test(<name> SOURCES <files> [DEPENDS <targets>] [PROCESSES] [BIG])
#   One GoogleTest executable per room under test, registered with CTest case by case. PROCESSES: it works
#   with real processes, sockets and clocks, which a busy machine can disturb (label "processes"). BIG: about size or whole
#   series of runs (label "big", left out under sanitizers).
function(wanlab_test name)
  cmake_parse_arguments(arg "PROCESSES;BIG" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE wanlab_settings wanlab_warnings ${arg_DEPENDS} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE WANLAB_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  set(labels)
  if(arg_PROCESSES)
    set(labels LABELS processes)
  elseif(arg_BIG)
    set(labels LABELS big)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 120 PROPERTIES TIMEOUT 300 ${labels})
endfunction()
