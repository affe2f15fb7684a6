//! Replays what the fuzz target begins with and the corpus that it leaves. `MFA_REPLAY` names another folder, or one file.

use std::io;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Far more than any input takes, on any machine.
const HANG: Duration = Duration::from_secs(60);

#[test]
fn the_corpus_breaks_no_law() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let inputs = match std::env::var_os("MFA_REPLAY").map(PathBuf::from) {
        Some(path) if path.is_dir() => folder(&path).unwrap(),
        Some(path) => vec![(path.display().to_string(), std::fs::read(&path).unwrap())],
        None => {
            let seeds = mfa_replay::seeds::seeds(&root).unwrap().inputs.into_iter().enumerate();
            let seeds = seeds.map(|(number, input)| (format!("seed {number}"), input));
            seeds.chain(folder(&root.join("fuzz/corpus/readers")).unwrap()).collect()
        }
    };
    assert!(!inputs.is_empty());

    // Each input is announced before it is read, so that one that hangs can be named.
    let (announce, announced) = channel();
    let replay = std::thread::spawn(move || {
        let mut broken = Vec::new();
        for (name, input) in inputs {
            announce.send(name.clone()).unwrap();
            if catch_unwind(|| mfa_replay::check(&input)).is_err() {
                broken.push(name);
            }
        }
        broken
    });
    let mut current = None;
    loop {
        match announced.recv_timeout(HANG) {
            Ok(name) => current = Some(name),
            Err(RecvTimeoutError::Timeout) => panic!("{current:?} hangs"),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let broken = replay.join().unwrap();
    assert!(broken.is_empty(), "what these break is above: {broken:?}");
}

fn folder(path: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut paths = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    paths.into_iter().map(|path| Ok((path.display().to_string(), std::fs::read(&path)?))).collect()
}
