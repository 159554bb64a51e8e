# cmake --install: the program, and the public C++ API as a CMake package:
#   find_package(tapedeck REQUIRED)
#   target_link_libraries(my_engine PRIVATE tapedeck::tapedeck)      # the bus
#   target_link_libraries(my_desk PRIVATE tapedeck::engines)         # and the four engines
#   target_link_libraries(my_engine PRIVATE tapedeck::remote)        # forwarding to a server
include(CMakePackageConfigHelpers)

add_library(tapedeck INTERFACE)
add_library(tapedeck::tapedeck ALIAS tapedeck)
target_link_libraries(tapedeck INTERFACE tapedeck_bus)
add_library(tapedeck_engines INTERFACE)
add_library(tapedeck::engines ALIAS tapedeck_engines)
set_target_properties(tapedeck_engines PROPERTIES EXPORT_NAME engines)
target_link_libraries(tapedeck_engines INTERFACE
  tapedeck_market tapedeck_strategy tapedeck_execution tapedeck_universe)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tapedeck)
install(TARGETS tapedeck tapedeck_bus tapedeck_filter tapedeck_event tapedeck_base tapedeck_remote
    tapedeck_engines tapedeck_market tapedeck_strategy tapedeck_execution tapedeck_universe
  EXPORT tapedeckTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT tapedeckTargets NAMESPACE tapedeck:: DESTINATION ${package_folder}
  COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tapedeck DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tapedeckConfig.cmake.in
  ${PROJECT_BINARY_DIR}/tapedeckConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tapedeckConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)  # before 1.0 a minor version may break
install(FILES ${PROJECT_BINARY_DIR}/tapedeckConfig.cmake
  ${PROJECT_BINARY_DIR}/tapedeckConfigVersion.cmake ${CMAKE_CURRENT_LIST_DIR}/FindRE2.cmake
  DESTINATION ${package_folder}
  COMPONENT development)

if(TARGET tapedeck_program)
  install(TARGETS tapedeck_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()
