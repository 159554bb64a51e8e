// tapedeck._native: the part of the Python package that is not Python.
#include <nanobind/nanobind.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <system_error>

#include "bus_calls.hpp"
#include "engine_calls.hpp"
#include "publish_calls.hpp"
#include "sender_calls.hpp"
#include "serve_calls.hpp"
#include "tapedeck/version.hpp"

namespace nb = nanobind;

namespace {

// A library has no business on its host's standard output.
void set_up_logging() {
  auto logger = spdlog::stderr_logger_mt("tapedeck");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ tapedeck %l %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(std::move(logger));
  spdlog::set_level(spdlog::level::warn);
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::system_error& error) {
    const nb::object arguments = nb::make_tuple(error.code().value(), error.what());
    PyErr_SetObject(PyExc_OSError, arguments.ptr());
  }
}

}  // namespace

NB_MODULE(_native, module) {
  set_up_logging();
  nb::register_exception_translator(&translate);
  // A daemon thread that ends with the process takes nothing with it that anybody would miss.
  nb::set_leak_warnings(false);
  module.attr("__version__") = nb::str(tapedeck::kVersion.data(), tapedeck::kVersion.size());
  if (!tapedeck::python::add_publish_calls(module.ptr())) nb::raise_python_error();
  tapedeck::python::add_bus_calls(module);
  tapedeck::python::add_engine_calls(module);
  tapedeck::python::add_sender_calls(module);
  tapedeck::python::add_serve_calls(module);
}
