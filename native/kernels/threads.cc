#include "threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace dr2net {
namespace {

class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; i++) std::thread([this] { Serve(); }).detach();
    threads_ = threads;
  }

  void Run(int64_t parts, const std::function<void(int64_t)>& body) {
    // One kernel at a time has the pool; another one does its work alone.
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn.owns_lock() || threads_ == 0 || parts == 1) {
      for (int64_t part = 0; part < parts; part++) body(part);
      return;
    }
    const int guests = static_cast<int>(std::min<int64_t>(threads_, parts - 1));
    {
      std::lock_guard<std::mutex> lock(mutex_);
      body_ = &body;
      parts_ = parts;
      next_ = 0;
      running_ = invited_ = guests;
      round_++;
    }
    // No more threads than there are parts: the call waits for all that it woke.
    for (int i = 0; i < guests; i++) wake_.notify_one();
    Take();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  void Take() {
    for (int64_t part = next_++; part < parts_; part = next_++) (*body_)(part);
  }

  void Serve() {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return round_ != seen; });
      seen = round_;
      if (invited_ == 0) continue;
      invited_--;
      lock.unlock();
      Take();
      lock.lock();
      if (--running_ == 0) done_.notify_one();
    }
  }

  int threads_;
  std::mutex turn_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  uint64_t round_ = 0;
  /** Threads that are to take part and have not begun; those that have not ended. */
  int invited_ = 0;
  int running_ = 0;
  int64_t parts_ = 0;
  std::atomic<int64_t> next_{0};
  const std::function<void(int64_t)>* body_ = nullptr;
};

}  // namespace

void Parallel(int64_t parts, const std::function<void(int64_t)>& body) {
  // Never destroyed: its threads wait in it until the process ends.
  static Pool* pool = new Pool(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())) - 1);
  pool->Run(parts, body);
}

}  // namespace dr2net
