#include "net/http_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "net/freed.hpp"
#include "net/http_trouble.hpp"
#include "net/trust.hpp"

namespace muster::net {

namespace {

using Easy = std::unique_ptr<CURL, Freed<curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Freed<curl_multi_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Freed<curl_slist_free_all>>;
using Url = std::unique_ptr<CURLU, Freed<curl_url_cleanup>>;

std::string part_of(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, Freed<curl_free>> owner(text);
  return text;
}

// What may be shown of an address that is not one: no user, no query.
std::string shown(std::string_view url) {
  url = url.substr(0, url.find('?'));
  if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  return printable(url);
}

Result<Target> parse_target(const std::string& text) {
  const Url url(curl_url());
  const bool parsed = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
  const auto scheme = part_of(url, CURLUPART_SCHEME);
  if (!parsed || (scheme != "http" && scheme != "https")) {
    return Error{ErrorKind::invalid,
                 fmt::format("'{}' is not an http:// or https:// address", shown(text))};
  }
  const auto host = part_of(url, CURLUPART_HOST);
  const auto port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return Target{scheme, host, printable(fmt::format("{}:{}", host, port))};
}

// One call of send(): what is sent, what has come. curl's callbacks end here.
class Call {
 public:
  Call(CURL* easy, const ClientRequest& request, Target target)
      : easy_(easy), request_(request), target_(std::move(target)) {}

  Result<void> prepare();
  // After the server's certificate was refused, and nothing sent: true if the bundle, which may
  // have been given more certificates than the directory, is now trusted as well.
  bool trust_bundle_too();
  Result<ClientResponse> finish(CURLcode code);
  Error cancelled() const {
    return {ErrorKind::cancelled, fmt::format("stopped waiting for {}", target_.name)};
  }
  // To be called when the call is over and gave no answer.
  void discard_answer_file();

 private:
  void set_common_options();
  void set_trust();
  Result<void> set_headers();
  Result<void> set_body();
  Result<void> set_body_file();

  std::size_t take_header(std::string_view line);
  bool take_body(std::string_view data);
  bool write_to_file(std::string_view data);
  bool open_answer_file();
  std::size_t give_body(char* buffer, std::size_t size);

  bool fail(Error error);
  bool is_direct() const { return request_.direct || is_loopback(target_.host); }
  bool successful() const { return answer_.status >= 200 && answer_.status < 300; }

  CURL* easy_;
  const ClientRequest& request_;
  Target target_;
  HeaderList headers_;
  UniqueFd upload_;
  std::uint64_t upload_size_ = 0;
  std::uint64_t upload_sent_ = 0;
  ClientResponse answer_;
  bool head_complete_ = false;
  const char* bundle_ = nullptr;  // of certificates, if it is not asked yet
  UniqueFd answer_fd_;
  std::optional<Error> failure_;  // ours, found in a callback
};

// Seconds. A connection that was left alone for longer may be dead without a sign: the peer or a
// router has forgotten it, or this process was frozen, as AWS Lambda does between invocations.
constexpr long kLongestIdle = 30;

template <class T>
void set(CURL* easy, CURLoption option, T value) {
  curl_easy_setopt(easy, option, value);
}

long curl_millis(Millis duration) {
  return static_cast<long>(std::max<Millis::rep>(duration.count(), 1));  // 0 would mean: never
}

Result<void> Call::prepare() {
  set_common_options();
  set_trust();
  if (auto done = set_headers(); !done) return done;
  return set_body();
}

void Call::set_common_options() {
  set(easy_, CURLOPT_URL, request_.url.c_str());
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_QUICK_EXIT, 1L);  // a call that is stopped does not wait for the resolver
  set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy_, CURLOPT_MAXAGE_CONN, kLongestIdle);
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, curl_millis(request_.connect_timeout));
  set(easy_, CURLOPT_TIMEOUT_MS, curl_millis(request_.timeout));
  set(easy_, CURLOPT_USERAGENT, fmt::format("muster/{}", version()).c_str());
  if (is_direct()) set(easy_, CURLOPT_NOPROXY, "*");

  set(easy_, CURLOPT_HEADERDATA, this);
  set(
      easy_, CURLOPT_HEADERFUNCTION, +[](char* data, size_t, size_t size, void* call) {
        return static_cast<Call*>(call)->take_header({data, size});
      });
  set(easy_, CURLOPT_WRITEDATA, this);
  set(
      easy_, CURLOPT_WRITEFUNCTION, +[](char* data, size_t, size_t size, void* call) {
        return static_cast<Call*>(call)->take_body({data, size}) ? size : size_t{0};
      });
}

Result<void> Call::set_headers() {
  const auto append = [&](const std::string& line) {
    // The list stays where it is but for the first line.
    headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
  };
  append("Expect:");
  if (!request_.headers.get("Content-Type")) append("Content-Type:");
  for (const auto& [name, value] : request_.headers.all()) {
    if (!is_one_line(name) || !is_one_line(value)) {
      return Error{ErrorKind::invalid,
                   fmt::format("the header {} has a line break in it", printable(name))};
    }
    append(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  set(easy_, CURLOPT_HTTPHEADER, headers_.get());
  return ok();
}

Result<void> Call::set_body() {
  const auto& method = request_.method;
  if (request_.body_file) {
    if (auto done = set_body_file(); !done) return done;
  } else if (!request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(easy_, CURLOPT_POSTFIELDS, request_.body.data());
  } else if (method == "HEAD") {
    set(easy_, CURLOPT_NOBODY, 1L);
    return ok();
  }
  set(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
  return ok();
}

Result<void> Call::set_body_file() {
  const auto& path = *request_.body_file;
  upload_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!upload_ || ::fstat(upload_.get(), &status) != 0) {
    return system_error(errno, fmt::format("cannot open {}", path.string()));
  }
  upload_size_ = static_cast<std::uint64_t>(status.st_size);
  set(easy_, CURLOPT_UPLOAD, 1L);
  set(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(status.st_size));
  set(easy_, CURLOPT_READDATA, this);
  set(
      easy_, CURLOPT_READFUNCTION, +[](char* buffer, size_t, size_t size, void* call) {
        return static_cast<Call*>(call)->give_body(buffer, size);
      });
  // curl goes back to the start when a kept connection turns out to be dead.
  set(easy_, CURLOPT_SEEKDATA, this);
  set(
      easy_, CURLOPT_SEEKFUNCTION, +[](void* call, curl_off_t offset, int origin) {
        if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
        static_cast<Call*>(call)->upload_sent_ = static_cast<std::uint64_t>(offset);
        return CURL_SEEKFUNC_OK;
      });
  return ok();
}

std::size_t Call::give_body(char* buffer, std::size_t size) {
  const auto wanted = std::min<std::uint64_t>(size, upload_size_ - upload_sent_);
  if (wanted == 0) return 0;
  ssize_t got = 0;
  do {
    got = ::pread(upload_.get(), buffer, wanted, static_cast<off_t>(upload_sent_));
  } while (got < 0 && errno == EINTR);
  const auto path = request_.body_file->string();
  if (got < 0) {
    fail(system_error(errno, fmt::format("cannot read {}", path)));
    return CURL_READFUNC_ABORT;
  }
  if (got == 0) {
    fail({ErrorKind::conflict, fmt::format("{} became shorter while it was sent", path)});
    return CURL_READFUNC_ABORT;
  }
  upload_sent_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

std::size_t Call::take_header(std::string_view line) {
  const auto size = line.size();
  if (line.starts_with("HTTP/")) {  // also after a 1xx answer
    answer_.headers = {};
    head_complete_ = false;
    return size;
  }
  line = trim(line);
  if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    head_complete_ = status >= 200;
    return size;
  }
  if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    answer_.headers.add(std::string(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
  }
  return size;
}

bool Call::take_body(std::string_view data) {
  if (request_.answer_file && successful()) return write_to_file(data);
  if (data.size() > request_.answer_limit - answer_.body.size()) {
    return fail({ErrorKind::too_large, fmt::format("the answer of {} is longer than {} bytes",
                                                   target_.name, request_.answer_limit)});
  }
  answer_.body += data;
  return true;
}

bool Call::open_answer_file() {
  if (answer_fd_) return true;
  const auto& path = *request_.answer_file;
  answer_fd_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (answer_fd_) return true;
  return fail(system_error(errno, fmt::format("cannot make {}", path.string())));
}

bool Call::write_to_file(std::string_view data) {
  if (!open_answer_file()) return false;
  if (auto written = write_all(answer_fd_.get(), data); !written) {
    return fail(written.error().within(request_.answer_file->string()));
  }
  return true;
}

void Call::discard_answer_file() {
  if (!answer_fd_) return;
  answer_fd_.reset();
  ::unlink(request_.answer_file->c_str());
}

bool Call::fail(Error error) {
  failure_ = std::move(error);
  return false;
}

Result<ClientResponse> Call::finish(CURLcode code) {
  if (failure_) return *failure_;
  // curl takes a connection that ends within the head of an answer for a whole answer.
  if (code == CURLE_OK && !head_complete_) code = CURLE_GOT_NOTHING;
  if (code != CURLE_OK) {
    return describe({easy_, target_, request_.authorities, is_direct(), head_complete_}, code);
  }
  if (request_.answer_file && successful() && !open_answer_file()) return *failure_;
  return std::move(answer_);
}

// curl would read the bundle of all certificates for each new connection: 17 ms and more. It need
// not if it may search directories instead; and if there is only the bundle, it keeps that. But
// somebody may have added a certificate to the bundle alone, so that has the last word.
std::atomic<bool> needs_bundle = false;

struct Trust {
  std::string directories;  // empty: only the bundle
  const char* bundle = nullptr;
};

Trust find_trust() {
  const auto* defaults = curl_version_info(CURLVERSION_NOW);
  Trust found;
  found.directories =
      certificate_search_path(own_executable(), defaults->capath ? defaults->capath : "");
  // Beside directories, a bundle that is not there would be an error of its own.
  const bool readable = defaults->cainfo && ::access(defaults->cainfo, R_OK) == 0;
  if (readable || found.directories.empty()) found.bundle = defaults->cainfo;
  return found;
}

void Call::set_trust() {
  if (const auto& file = request_.authorities.file; !file.empty()) {
    set<const char*>(easy_, CURLOPT_CAPATH, nullptr);
    return set(easy_, CURLOPT_CAINFO, file.c_str());
  }
  static const Trust trust = find_trust();
  if (trust.directories.empty()) return set<const char*>(easy_, CURLOPT_CAPATH, nullptr);
  set(easy_, CURLOPT_CAPATH, trust.directories.c_str());
  if (needs_bundle) return;
  bundle_ = trust.bundle;
  set<const char*>(easy_, CURLOPT_CAINFO, nullptr);
}

bool Call::trust_bundle_too() {
  if (!bundle_) return false;
  set(easy_, CURLOPT_CAINFO, std::exchange(bundle_, nullptr));
  return true;
}

void initialize_curl_once() {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) throw std::runtime_error("libcurl cannot start");
}

}  // namespace

bool is_loopback(const std::string& host) {
  in_addr address{};
  return equal_ignoring_case(host, "localhost") || host == "[::1]" ||
         (inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

std::optional<WallTime> parse_http_date(const std::string& text) {
  const auto seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds == -1) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

struct HttpClient::State {
  State() {
    initialize_curl_once();
    easy.reset(curl_easy_init());
    multi.reset(curl_multi_init());
    if (!easy || !multi) throw std::bad_alloc();
  }

  // The call that is set up, to its end. Nothing if `stop` came first.
  std::optional<CURLcode> perform(const std::stop_token& stop);
  std::optional<CURLcode> run(const std::stop_token& stop);

  Easy easy;
  Multi multi;  // holds the connections
};

namespace {

std::optional<CURLcode> finished(CURLM* multi) {
  int queued = 0;
  while (const auto* message = curl_multi_info_read(multi, &queued)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return std::nullopt;
}

}  // namespace

std::optional<CURLcode> HttpClient::State::run(const std::stop_token& stop) {
  constexpr int kPollMillis = 60'000;  // only a bound: curl's own timers and wakeup() end it
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi.get()); });
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (const auto code = finished(multi.get())) return code;
    if (stop.stop_requested()) return std::nullopt;
    if (curl_multi_poll(multi.get(), nullptr, 0, kPollMillis, nullptr) != CURLM_OK) {
      return CURLE_FAILED_INIT;
    }
  }
}

std::optional<CURLcode> HttpClient::State::perform(const std::stop_token& stop) {
  if (curl_multi_add_handle(multi.get(), easy.get()) != CURLM_OK) return CURLE_FAILED_INIT;
  const auto code = run(stop);
  curl_multi_remove_handle(multi.get(), easy.get());
  return code;
}

HttpClient::HttpClient() : state_(std::make_unique<State>()) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<ClientResponse> HttpClient::send(const ClientRequest& request, std::stop_token stop) {
  CURL* easy = state_->easy.get();
  curl_easy_reset(easy);  // keeps the connections
  auto target = parse_target(request.url);
  if (!target) return target.error();
  Call call(easy, request, std::move(*target));
  if (auto prepared = call.prepare(); !prepared) return prepared.error();
  auto code = state_->perform(stop);
  if (code == CURLE_PEER_FAILED_VERIFICATION && call.trust_bundle_too()) {
    code = state_->perform(stop);
    if (code == CURLE_OK) needs_bundle = true;
  }
  Result<ClientResponse> answer = code ? call.finish(*code) : call.cancelled();
  if (!answer) call.discard_answer_file();
  return answer;
}

bool HttpClient::may_have_arrived() const {
  return was_connected(state_->easy.get());
}

}  // namespace muster::net
