// The watches of an EtcdStore: a stream each, what was told on it, and whether it is alive.
#pragma once

#include <grpcpp/support/async_stream.h>

#include <deque>
#include <map>
#include <memory>

#include "real_components/hosting/etcd/etcd_connection.hpp"

namespace wanlab::hosting {

class EtcdWatches {
 public:
  EtcdWatches(Completions& completions, const EtcdOptions& options, const KeySpace& keys,
              EtcdConnection& connection);
  ~EtcdWatches();

  control::WatchId watch(control::WatchRequest request, control::StoreObserver& observer);
  void cancel(control::WatchId id);
  void forget(control::StoreObserver& observer);

  void on_up();
  void on_down();

 private:
  using Stream =
      grpc::ClientAsyncReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>;
  // What gRPC works on; each operation under way holds it.
  struct Line {
    grpc::ClientContext context;
    std::unique_ptr<Stream> stream;
    etcdserverpb::WatchResponse response;
    grpc::Status status;
    std::deque<etcdserverpb::WatchRequest> unsent;  // the first is being sent
  };
  struct Watch {
    control::WatchRequest request;
    control::StoreObserver* observer = nullptr;
    std::shared_ptr<Line> line;  // none: not sent yet
    std::uint64_t token_number = 0;
    std::uint32_t refusals = 0;
    std::uint64_t cluster_id = 0;
    bool created = false;
    bool asked = false;  // for a sign of life
    MonotonicTime heard{};
    control::Revision told = 0;          // events up to here were handed out, or existed before
    control::Revision seen = 0;          // the newest revision this line's server has shown to have
    control::Revision confirmed = 0;     // etcd said that everything up to here was told
    std::vector<control::Event> events;  // of a revision that may go on in the next message
  };

  void open(control::WatchId id, Watch& watch);
  void send(control::WatchId id, const std::shared_ptr<Line>& line,
            etcdserverpb::WatchRequest message);
  void send_first(control::WatchId id, const std::shared_ptr<Line>& line);
  void read(control::WatchId id, const std::shared_ptr<Line>& line);
  void finish(control::WatchId id, const std::shared_ptr<Line>& line);
  // The watch, if this is still its line.
  Watch* owner(control::WatchId id, const std::shared_ptr<Line>& line);

  // False if the line is not to be read any further.
  bool receive(control::WatchId id, Watch& watch, const etcdserverpb::WatchResponse& response);
  bool receive_events(control::WatchId id, Watch& watch,
                      const etcdserverpb::WatchResponse& response);
  bool receive_progress(control::WatchId id, Watch& watch,
                        const etcdserverpb::WatchResponse& response);
  void end(control::WatchId id, Watch& watch, Meaning meaning, control::Revision compact_revision,
           control::Revision revision);
  bool contradicted(control::WatchId id, Watch& watch, control::Revision revision);
  void close(Watch& watch);
  void check_health();

  Completions& completions_;
  const EtcdOptions& options_;
  const KeySpace& keys_;
  EtcdConnection& connection_;
  std::map<control::WatchId, Watch> watches_;
  control::WatchId last_ = control::no_watch;
  Timer health_;
};

}  // namespace wanlab::hosting
