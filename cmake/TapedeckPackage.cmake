# What is installed beside the program (manual pages, completions, service files), and the Debian
# packages made of it by `cpack -G DEB` (deploy/build-deb does all steps):
#   tapedeck      the program and the service
#   tapedeck-dev  the C++ library
if(NOT TARGET tapedeck_program)
  return()
endif()

# The last commit's time is the packages' and pages' date, so that the same sources give the same
# bytes; without a repository, the time of configuring.
find_package(Git QUIET)
set(package_epoch "")
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR} log -1 --format=%ct
    OUTPUT_VARIABLE package_epoch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT package_epoch)
  string(TIMESTAMP package_epoch "%s" UTC)
endif()
set(TAPEDECK_DEB_MAINTAINER "Tapedeck maintainers <maintainers@example.org>" CACHE STRING
  "Name and address in the Debian packages")

# --- manual pages and completions, made by the program itself ---
set(generated ${PROJECT_BINARY_DIR}/generated)
set(generated_files)
function(tapedeck_generated file)
  add_custom_command(OUTPUT ${generated}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
    COMMAND ${CMAKE_COMMAND} -E env --unset=XDG_DATA_HOME HOME=/home/user
      SOURCE_DATE_EPOCH=${package_epoch}
      $<TARGET_FILE:tapedeck_program> generate ${ARGN} > ${generated}/${file}
    DEPENDS tapedeck_program VERBATIM)
  set(generated_files ${generated_files} ${generated}/${file} PARENT_SCOPE)
endfunction()
tapedeck_generated(tapedeck.1 man tapedeck)
tapedeck_generated(tapedeck.toml.5 man tapedeck.toml)
tapedeck_generated(tapedeck.bash completion bash)
tapedeck_generated(tapedeck.zsh completion zsh)
tapedeck_generated(tapedeck.fish completion fish)
foreach(page tapedeck.1 tapedeck.toml.5)
  add_custom_command(OUTPUT ${generated}/${page}.gz
    COMMAND gzip -9nkf ${generated}/${page} DEPENDS ${generated}/${page} VERBATIM)
  list(APPEND generated_files ${generated}/${page}.gz)
endforeach()
# Not part of `all`: whoever builds needs none of it; whoever installs or packages it asks for it.
add_custom_target(tapedeck_generated DEPENDS ${generated_files})

set(share ${CMAKE_INSTALL_DATADIR})
install(FILES ${generated}/tapedeck.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
  COMPONENT manual EXCLUDE_FROM_ALL)
install(FILES ${generated}/tapedeck.toml.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5
  COMPONENT manual EXCLUDE_FROM_ALL)
install(FILES ${generated}/tapedeck.bash DESTINATION ${share}/bash-completion/completions
  RENAME tapedeck COMPONENT manual EXCLUDE_FROM_ALL)
install(FILES ${generated}/tapedeck.zsh DESTINATION ${share}/zsh/vendor-completions
  RENAME _tapedeck COMPONENT manual EXCLUDE_FROM_ALL)
install(FILES ${generated}/tapedeck.fish DESTINATION ${share}/fish/vendor_completions.d
  COMPONENT manual EXCLUDE_FROM_ALL)

# --- the service ---
set(deploy ${PROJECT_SOURCE_DIR}/deploy)
install(FILES ${deploy}/systemd/tapedeck.service ${deploy}/systemd/tapedeck.socket
  DESTINATION /lib/systemd/system COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${deploy}/tapedeck.toml DESTINATION /etc/tapedeck COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${deploy}/alerts.toml DESTINATION ${share}/tapedeck
  COMPONENT service EXCLUDE_FROM_ALL)
install(FILES README.md DESTINATION ${share}/doc/tapedeck
  COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${deploy}/README.md DESTINATION ${share}/doc/tapedeck RENAME SERVICE.md
  COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${deploy}/nginx/tapedeck.conf ${deploy}/caddy/Caddyfile ${deploy}/systemd/network.conf
  DESTINATION ${share}/doc/tapedeck/examples COMPONENT service EXCLUDE_FROM_ALL)

# --- Debian's own files ---
set(release 1)
execute_process(COMMAND date -u -R -d @${package_epoch}
  OUTPUT_VARIABLE package_date OUTPUT_STRIP_TRAILING_WHITESPACE)
foreach(package tapedeck tapedeck-dev)
  set(folder ${PROJECT_BINARY_DIR}/debian/${package})
  set(changelog ${folder}/changelog.Debian)
  file(WRITE ${changelog}
"${package} (${PROJECT_VERSION}-${release}) unstable; urgency=medium

  * Version ${PROJECT_VERSION}; /usr/share/doc/tapedeck/changelog.gz says what is new.

 -- ${TAPEDECK_DEB_MAINTAINER}  ${package_date}
")
  execute_process(COMMAND gzip -9nf ${changelog} COMMAND_ERROR_IS_FATAL ANY)
  if(package STREQUAL tapedeck)
    set(component service)
  else()
    set(component library)
  endif()
  install(FILES ${changelog}.gz ${deploy}/debian/copyright DESTINATION ${share}/doc/${package}
    COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${deploy}/debian/${package}.lintian-overrides DESTINATION ${share}/lintian/overrides
    RENAME ${package} COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
configure_file(CHANGELOG.md ${PROJECT_BINARY_DIR}/debian/changelog COPYONLY)
execute_process(COMMAND gzip -9nkf ${PROJECT_BINARY_DIR}/debian/changelog COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${PROJECT_BINARY_DIR}/debian/changelog.gz DESTINATION ${share}/doc/tapedeck
  COMPONENT service EXCLUDE_FROM_ALL)

# --- CPack ---
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tapedeck)
set(CPACK_PACKAGE_CONTACT "${TAPEDECK_DEB_MAINTAINER}")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)  # for /etc and /lib
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_COMPONENTS_ALL runtime manual service development library)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
foreach(component RUNTIME MANUAL SERVICE)
  set(CPACK_COMPONENT_${component}_GROUP program)
endforeach()
foreach(component DEVELOPMENT LIBRARY)
  set(CPACK_COMPONENT_${component}_GROUP dev)
endforeach()

set(CPACK_DEBIAN_PACKAGE_RELEASE ${release})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME tapedeck)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "nginx | caddy")
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION
"Engines of algorithmic traders publish events: signals, orders, positions,
health. Tapedeck orders, keeps, filters and aggregates them and streams them
over HTTP. This package has the program and a service for it.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA
  "${deploy}/debian/postinst;${deploy}/debian/prerm;${deploy}/debian/postrm;${deploy}/debian/conffiles")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME tapedeck-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "libfmt-dev, libsimdjson-dev, libre2-dev, libsqlite3-dev, libcurl4-openssl-dev, zlib1g-dev")
set(CPACK_DEBIAN_DEV_DESCRIPTION
"The bus, the engines and the sender for programs in C++: headers, static
libraries and a CMake package (find_package(tapedeck)).")
include(CPack)
