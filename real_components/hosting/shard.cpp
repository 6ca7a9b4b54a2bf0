#include "real_components/hosting/shard.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <pthread.h>

#include <future>
#include <mutex>
#include <utility>

namespace wanlab::hosting {

Shard::Shard(std::string name, RuntimeOptions options, std::shared_ptr<const TlsContexts> tls,
             TraceSink* sink, Maker make, std::function<void(const std::string&)> failed)
    : name_(std::move(name)),
      make_(std::move(make)),
      failed_(std::move(failed)),
      runtime_(context_, std::move(options), std::move(tls), sink) {}

Shard::~Shard() {
  stop();
}

void Shard::start() {
  thread_ = std::thread([this] { run(); });
}

void Shard::stop() {
  if (!thread_.joinable()) return;
  runtime_.stop();
  thread_.join();
}

void Shard::run() {
  ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
  try {
    hosted_ = make_(runtime_);
    runtime_.host(*hosted_.component);
    const auto guard = boost::asio::make_work_guard(context_);
    context_.run();
  } catch (const std::exception& error) {
    if (failed_) failed_(error.what());
  }
  runtime_.evict();
  hosted_.component.reset();
  hosted_.belongings.reset();
}

void Shard::post(std::function<void(AsioRuntime&, runtime::Component&)> action) {
  runtime_.post([this, action = std::move(action)] {
    if (hosted_.component) action(runtime_, *hosted_.component);
  });
}

bool Shard::ask(const std::function<void(AsioRuntime&, runtime::Component&)>& question,
                Duration limit) {
  const auto answered = std::make_shared<std::promise<void>>();
  std::future<void> answer = answered->get_future();
  // Whoever gave up waiting must not be written to: the question is answered as long as somebody
  // waits, which the lock decides.
  struct Asked {
    std::mutex mutex;
    const std::function<void(AsioRuntime&, runtime::Component&)>* question;
  };
  const auto asked = std::make_shared<Asked>();
  asked->question = &question;
  post([asked, answered](AsioRuntime& runtime, runtime::Component& component) {
    const std::lock_guard lock(asked->mutex);
    if (asked->question == nullptr) return;
    (*asked->question)(runtime, component);
    answered->set_value();
  });
  if (answer.wait_for(limit) == std::future_status::ready) return true;
  const std::lock_guard lock(asked->mutex);
  asked->question = nullptr;
  return answer.wait_for(Duration::zero()) == std::future_status::ready;
}

}  // namespace wanlab::hosting
