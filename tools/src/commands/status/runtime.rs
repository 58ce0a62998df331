//! How the threads of a plane wait: told by their health records.

use tickplane_segments::{ThreadRuntime, ThreadStatus};

/// The runtime in one word, of the first thread that has one of its own; empty if none said.
pub(super) fn word(threads: &[ThreadStatus]) -> &'static str {
    of(threads).map_or("", ThreadRuntime::as_str)
}

fn of(threads: &[ThreadStatus]) -> Option<ThreadRuntime> {
    threads.iter().filter_map(|thread| thread.runtime).find(|runtime| *runtime != ThreadRuntime::Inline)
}

/// The runtime and its threads in a sentence; empty if no thread said how it runs.
pub(super) fn sentence(threads: &[ThreadStatus]) -> String {
    let Some(runtime) = of(threads) else { return String::new() };
    let waits = match runtime {
        ThreadRuntime::Poll => "poll (its threads spin)",
        ThreadRuntime::Park => "park (its threads sleep until something comes)",
        ThreadRuntime::Glommio | ThreadRuntime::Inline => "glommio (its threads sleep in io_uring)",
    };
    let count = |name: &str| threads.iter().filter(|thread| thread.name.starts_with(name) && is_own(thread)).count();
    let (shards, workers) = (count("shard-"), count("worker-"));
    let pinned: Vec<String> = threads.iter().filter_map(|t| Some(format!("{} on {}", t.name, t.core?))).collect();
    let pinned = if pinned.is_empty() { String::new() } else { format!("; cores: {}", pinned.join(", ")) };
    let workers = if workers == 0 { "candles in their turns".to_owned() } else { plural(workers, "worker") };
    format!("runtime {waits}, {}, {workers}{pinned}", plural(shards, "shard"))
}

/// Whether it is a thread, and not a worker in a shard's turn.
fn is_own(thread: &ThreadStatus) -> bool {
    thread.runtime.is_some_and(|runtime| runtime != ThreadRuntime::Inline)
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(name: &str, runtime: Option<ThreadRuntime>, core: Option<u64>) -> ThreadStatus {
        ThreadStatus { name: name.to_owned(), runtime, core, counters: Vec::new(), stages: Vec::new() }
    }

    #[test]
    fn the_threads_say_how_they_run() {
        use ThreadRuntime::{Inline, Park, Poll};
        for (threads, expected) in [
            (vec![thread("shard-0", None, None)], ""),
            (
                vec![thread("shard-0", Some(Park), None), thread("worker-0", Some(Inline), None)],
                "runtime park (its threads sleep until something comes), 1 shard, candles in their turns",
            ),
            (
                vec![
                    thread("shard-0", Some(Poll), Some(7)),
                    thread("shard-1", Some(Poll), Some(6)),
                    thread("worker-0", Some(Poll), Some(5)),
                ],
                "runtime poll (its threads spin), 2 shards, 1 worker; cores: shard-0 on 7, shard-1 on 6, worker-0 on 5",
            ),
        ] {
            assert_eq!(sentence(&threads), expected);
        }
    }
}
