#pragma once

// The names of what a parked request may wait for.

#include <string>

namespace muster::server::topic {

inline std::string queue(const std::string& resource_class) {
  return "queue:" + resource_class;
}
inline std::string demand(const std::string& resource_class) {
  return "demand:" + resource_class;
}
// That it is told something. A class's name has no blank.
inline std::string runner(const std::string& resource_class, const std::string& name) {
  return "runner:" + resource_class + " " + name;
}
inline std::string pipeline(const std::string& id) {
  return "pipeline:" + id;
}
inline std::string pipelines() {
  return "pipelines";
}
inline std::string output(const std::string& task_id) {
  return "output:" + task_id;
}
inline std::string cancel(const std::string& task_id) {
  return "cancel:" + task_id;
}
inline std::string fleet() {
  return "fleet";
}

}  // namespace muster::server::topic
