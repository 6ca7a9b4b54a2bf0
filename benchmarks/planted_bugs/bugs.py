"""Small, realistic mistakes in the real components, each as a text that is found once and what stands there instead.

Whoever changes the code near a bug keeps its text findable (run --verify) or plants another in its place.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    name: str
    what: str   # the mistake, as a reviewer would say it
    file: str
    find: str
    put: str


CONTROL = "real_components/control/prefix_watcher.cpp"
TABLE = "real_components/routing/routing_table.cpp"
POLICY = "real_components/routing/resort_policy.cpp"
DETECTOR = "real_components/mesh/failure_detector.cpp"
PROBER = "real_components/mesh/prober.cpp"
MUX = "real_components/backhaul/mux.cpp"
RECEIVE = "real_components/backhaul/mux_receive.cpp"
LINKS = "real_components/backhaul/warm_pool_links.cpp"
EDGE = "real_components/edge/edge_node.cpp"
EXCHANGES = "real_components/edge/exchanges.cpp"
STATEMENTS = "real_components/edge/statements.cpp"
GATE = "real_components/origin/gatekeeper.cpp"
CREDENTIALS = "real_components/origin/credential_table.cpp"
ORIGIN = "real_components/origin/origin_node.cpp"
BACKENDS = "real_components/origin/backend_connections.cpp"

BUGS = [
    # --- routes and their order ------------------------------------------------------------------
    Bug("stale-head-after-delete", "sessions keep the view of a Route that was deleted", TABLE,
        """  retired_.retire(static_cast<const OwnedView*>(
      make_slot(handle.index).exchange(nullptr, std::memory_order_acq_rel)));
  leave_group(handle.index);""",
        """  leave_group(handle.index);"""),
    Bug("stale-head", "a new order is published only if its last region changed", TABLE,
        """  if (std::ranges::equal(old.clusters, group.order)) return;""",
        """  if (!old.clusters.empty() && old.clusters.back() == group.order.back()) return;"""),
    Bug("never-measured-sorts-first", "a region without any measurement looks perfect", POLICY,
        """  if (!cost.measured) return rank_unmeasured;""",
        """  if (!cost.measured) return 0;"""),
    Bug("hysteresis-ignored-on-probation", "a head on probation gives way without hysteresis", POLICY,
        """  if (!sustained || !dwelt || suppressed_) return HeadChange::none;""",
        """  if (rank(head) != 1 && (!sustained || !dwelt || suppressed_)) return HeadChange::none;"""),
    Bug("dwell-ignored", "changes for latency may follow each other at once", POLICY,
        """  const bool dwelt = changed_at_ == never || now - changed_at_ >= options.dwell;""",
        """  const bool dwelt = changed_at_ == never || now >= changed_at_;"""),
    Bug("worse-is-better", "the gain is counted with the wrong sign", POLICY,
        """  const Duration gain = other.cost - one.cost;""",
        """  const Duration gain = one.cost - other.cost;"""),
    # --- the watch -------------------------------------------------------------------------------
    Bug("watch-one-too-late", "the watch begins one revision after the first it needs", CONTROL,
        """prefix_end(options_.prefix), revision_ + 1, true}""",
        """prefix_end(options_.prefix), revision_ + 2, true}"""),
    Bug("watch-resumed-at-compacted", "after compaction the watch goes on where the store still can", CONTROL,
        """                       static_cast<std::uint64_t>(notice.compact_revision)});
      return begin_listing();""",
        """                       static_cast<std::uint64_t>(notice.compact_revision)});
      revision_ = std::max(revision_, notice.compact_revision);
      return open_watch();"""),
    Bug("deletions-lost-by-listing", "what vanished while nobody watched is not reported", CONTROL,
        """    changes_.push_back({gone->first, {}, true, listing_revision_});
    ++gone;""",
        """    ++gone;"""),
    Bug("silent-watch-kept", "a watch that tells nothing for ever is never given up", CONTROL,
        """  if ((state_ == State::watching || state_ == State::opening) && silent) {""",
        """  if (state_ == State::opening && silent) {"""),
    # --- failure detection -----------------------------------------------------------------------
    Bug("silence-forgotten", "each ping starts the measurement of silence anew", DETECTOR,
        """  if (!asked_at_) asked_at_ = now;""",
        """  asked_at_ = now;"""),
    Bug("reset-is-no-failure", "losing all connections leaves the region as it was", DETECTOR,
        """  if (life_ != Life::down) go_down(now, options);
}""",
        """  if (life_ == Life::probation) go_down(now, options);
}"""),
    Bug("held-down-for-ages", "per mille taken for a factor", DETECTOR,
        """  held_until_ = now + hold * static_cast<Duration::rep>(per_mille) / 1000;""",
        """  held_until_ = now + hold * static_cast<Duration::rep>(per_mille);"""),
    Bug("drain-by-any", "one draining origin drains its whole region", PROBER,
        """         std::all_of(region.connections.begin(), region.connections.end(), drains);""",
        """         std::any_of(region.connections.begin(), region.connections.end(), drains);"""),
    Bug("slow-probing-never-ends", "a region that comes into doubt is still pinged as rarely as before", PROBER,
        """  region.last_news = now;
  region.interval = options_.ping_interval;
  if (was_slow) observer_.on_ping_wanted(id, now);""",
        """  region.last_news = now;
  if (was_slow) observer_.on_ping_wanted(id, now);"""),
    # --- the multiplexer -------------------------------------------------------------------------
    Bug("credit-returned-twice", "credit for bytes that were consumed before goes back again", MUX,
        """  count_consumed(stream.receive_offset - stream.consumed);
  streams_.remove(slot);""",
        """  count_consumed(stream.receive_offset);
  streams_.remove(slot);"""),
    Bug("credit-lost-on-reset", "bytes for a stream that is gone are never given back", RECEIVE,
        """    if (slot == no_slot) {  // reset by us, or closed both ways
      count_received(size);
      closed_received_ += size;
      return count_consumed(size);
    }""",
        """    if (slot == no_slot) {  // reset by us, or closed both ways
      count_received(size);
      closed_received_ += size;
      return;
    }"""),
    Bug("window-off-by-one", "a stream that fills its window to the last byte is called a liar", RECEIVE,
        """    if (size > stream.receive_max - stream.receive_offset) return fail(MuxError::flow_control);""",
        """    if (size >= stream.receive_max - stream.receive_offset) return fail(MuxError::flow_control);"""),
    Bug("credit-wakes-nobody", "new credit of a stream does not get its waiting bytes going", RECEIVE,
        """  stream.send_max = limit;
  if (stream.queue.size != 0) schedule(slot);""",
        """  stream.send_max = limit;"""),
    Bug("unknown-called-unprocessed", "a lost connection's requests all pass for never seen", MUX,
        """                          unseen ? Processed::no : Processed::unknown);""",
        """                          unseen || role_ == Role::client ? Processed::no : Processed::unknown);"""),
    Bug("dead-connection-kept", "a silent connection is kept as long as requests are open on it", LINKS,
        """  if (unanswered && now >= given_up_at(connection, *unanswered)) {""",
        """  if (unanswered && now >= given_up_at(connection, *unanswered) && connection.mux.open_streams() == 0) {"""),
    # --- the edge --------------------------------------------------------------------------------
    Bug("retry-after-unknown-outcome", "whatever was lost is tried again, writes included", EXCHANGES,
        """    repeat = repeat && exchange.repeatable && retry_budget_ >= 100;""",
        """    repeat = repeat && retry_budget_ >= 100;"""),
    Bug("tried-region-again-first", "a retry goes to the region that has just failed", EXCHANGES,
        """      if (was_tried != (choice == Choice::again)) continue;""",
        """      if (was_tried && choice == Choice::again && !tried_ones_too) continue;"""),
    Bug("expired-route-serves", "nobody looks at a Route's expiration any more", STATEMENTS,
        """  if (!view.live() || view.expired(runtime_.wall_now())) {""",
        """  if (!view.live()) {"""),
    Bug("grants-not-renewed", "the timer that renews idle sessions' grants is set once only", EXCHANGES,
        """  grants_to_renew_.push_back(index);
  arm(Tag::renewal, config_.renew_after, renewal_armed_);""",
        """  grants_to_renew_.push_back(index);
  if (grants_to_renew_.front() == index) arm(Tag::renewal, config_.renew_after * 2, renewal_armed_);"""),
    Bug("refusal-is-final", "what one region refuses is asked of no other", EXCHANGES,
        """  if (exchange.attempts >= config_.attempts) return false;
  // The caller's refusal""",
        """  if (exchange.attempts >= 1) return false;
  // The caller's refusal"""),
    # --- origins ---------------------------------------------------------------------------------
    Bug("grant-after-revocation", "a deleted Credential can still be found by its number", CREDENTIALS,
        """      const auto of_id = by_id_.find(entries_[index].id);
      if (of_id != by_id_.end() && of_id->second == index) by_id_.erase(of_id);
      crypto::secure_zero(std::as_writable_bytes(std::span(&entries_[index].verifier, 1)));
      entries_[index] = {};
    }
    if (change.record == nullptr) {
      if (found == by_user_.end()) continue;
      by_user_.erase(found);
      free_.push_back(index);
      continue;
    }""",
        """      crypto::secure_zero(std::as_writable_bytes(std::span(&entries_[index].verifier, 1)));
    }
    if (change.record == nullptr) {
      if (found == by_user_.end()) continue;
      by_user_.erase(found);
      continue;
    }"""),
    Bug("rotated-grant-valid", "a grant from before a rotation stays good", GATE,
        """  return entry->revision == grant.revision ? GrantVerdict::valid : GrantVerdict::rotated;""",
        """  return GrantVerdict::valid;"""),
    Bug("expired-credential-logs-in", "only grants expire, not Credentials", GATE,
        """  if (wire::expired(entry->expiration, runtime_.wall_now())) return LoginVerdict::expired;
  return LoginVerdict::granted;""",
        """  return LoginVerdict::granted;"""),
    Bug("lost-request-kept", "a request whose database connection broke is never given back", ORIGIN,
        """  acceptor_.reset(requests_[index].id, ResetReason::internal, Processed::unknown);
  release_request(index);""",
        """  acceptor_.reset(requests_[index].id, ResetReason::internal, Processed::unknown);"""),
    Bug("timer-leaked-on-reset", "what a connection waits for is not called off with it", LINKS,
        """  if (connection.timer != runtime::no_timer) runtime_.cancel_timer(connection.timer);
  connection.timer = runtime::no_timer;
  connection.state = Connection::State::unused;""",
        """  connection.state = Connection::State::unused;"""),
    Bug("redial-timer-lost", "after its first use the timer for dialling again counts as set",
        "real_components/origin/backends.cpp",
        """    server.redial_armed = false;
    if (server.redial_at > now) {""",
        """    if (server.redial_at > now) {"""),
    Bug("waiting-statement-forgotten", "a connection that becomes free serves nobody who waits", BACKENDS,
        """  server.idle.push_back(index);
  pump(connection.server);""",
        """  server.idle.push_back(index);"""),
    Bug("dirty-connection-reused", "a connection is never reset before it serves another session", BACKENDS,
        """  if (reset) add_step(connection, Step::reset);
  add_step(connection, Step::track);""",
        """  add_step(connection, Step::track);"""),
]
