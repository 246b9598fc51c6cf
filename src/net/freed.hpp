#pragma once

// For what a C library hands out and wants back: std::unique_ptr<CURL, Freed<curl_easy_cleanup>>.

namespace muster::net {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* handle) const {
    kFree(handle);
  }
};

}  // namespace muster::net
