#pragma once

// Which handler answers which request.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/call.hpp"

namespace muster::server {

class Router {
 public:
  // `pattern` is a path whose parts may be parameters: "/api/v3/runner/resource/{id}".
  void add(std::string method, std::string_view pattern, Handler handler);

  // For paths that no pattern fits. Without one Match::handler is null for them.
  void otherwise(Handler handler) { otherwise_ = std::move(handler); }

  struct Match {
    const Handler* handler = nullptr;  // null: nothing is there for this method
    // Of the route, as it was added; while the router lives. Empty: there is none.
    std::string_view method = {};
    std::string_view pattern = {};
    std::map<std::string, std::string> parameters;
    std::set<std::string> allowed;  // the methods that the path has, if not this one
  };
  Match match(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> parts;
    Handler handler;
  };
  std::vector<Route> routes_;
  Handler otherwise_;
};

// The routes of each part of the API. docs/protocol.md describes them.
void add_runner_routes(Router& router);
void add_agent_routes(Router& router);
void add_drain_routes(Router& router);
void add_pipeline_routes(Router& router);
void add_scaler_routes(Router& router);
void add_history_routes(Router& router);
void add_event_routes(Router& router);
// `https`: browsers speak TLS with this server itself.
void add_session_routes(Router& router, bool https);
void add_audit_routes(Router& router);
void add_pages(Router& router);

}  // namespace muster::server
