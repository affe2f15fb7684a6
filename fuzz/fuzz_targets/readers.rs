//! Any bytes, to any reader. See `mfa-replay` for what is asked of it.

#![no_main]

mod mutate;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

/// The bytes that say which reader is called and how.
const CALL: usize = 3;

fuzz_target!(|input: &[u8]| {
    // A second per MiB; a machine that is busy may spoil one measurement, not three.
    let hangs = || mfa_replay::check(input).is_some_and(|spent| spent.is_slow());
    if hangs() && hangs() && hangs() {
        panic!("reading takes longer than a second per MiB");
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 2 == 0
        && let Some(file) = data.get(CALL..size)
        && let Some(changed) = mutate::json(file, seed)
        && let Some(place) = data.get_mut(CALL..CALL + changed.len())
        && CALL + changed.len() <= max_size
    {
        place.copy_from_slice(&changed);
        return CALL + changed.len();
    }
    fuzzer_mutate(data, size, max_size)
});
