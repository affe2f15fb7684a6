//! A load that is killed leaves the lake as before or as after it, and the next one makes it complete.
//!
//! `MFA_KILLS=100 MFA_BINARY=build/mfa cargo test -p mfa-cli kill` kills more often, and a faster one.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Folder, duo, mfa, ok, rows, run};

const RELATIONS: &[&str] = &["mfa_signins", "mfa_exceptions"];

fn state(lake: &str) -> Vec<Vec<String>> {
    RELATIONS.iter().map(|relation| rows(lake, relation)).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn kills_leave_a_lake() {
    let kills: u32 = std::env::var("MFA_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let folder = Folder::new();
    let events = |range: std::ops::Range<u32>| -> String {
        range.map(|n| duo(&format!("e{n}"), n % 28 + 1, &format!("u{}", n % 40))).collect()
    };
    let first = folder.write("first/log.ndjson", events(0..2000));
    folder.write("second/log.ndjson", events(1000..6000));
    folder.write("second/exceptions.csv", "exception_id,subject\nE1,ana\nE2,bob\n");
    let second = folder.path("second");
    let start = folder.path("start");
    let exceptions = folder.write("first/exceptions.csv", "exception_id,subject\nE1,amy\n");
    ok(&["load", &first, &exceptions, "--into", &start]);
    let before = state(&start);
    let clean = folder.path("clean");
    copy(Path::new(&start), Path::new(&clean));
    let began = Instant::now();
    ok(&["load", &second, "--into", &clean]);
    let takes = began.elapsed();
    let after = state(&clean);
    assert_ne!(before, after);

    // Any sequence of moments will do; this one is the same in every run.
    let mut seed = 88_172_645_463_325_252u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let (mut as_before, mut as_after) = (0, 0);
    for kill in 0..kills {
        let lake = folder.path(&format!("lake{kill}"));
        // Every fourth makes its lake.
        let is_new = kill % 4 == 3;
        if !is_new {
            copy(Path::new(&start), Path::new(&lake));
        }
        let paths =
            if is_new { vec![first.as_str(), exceptions.as_str(), second.as_str()] } else { vec![second.as_str()] };
        let arguments: Vec<_> = [vec!["load"], paths.clone(), vec!["--into", &lake]].concat();
        let mut load = mfa(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let most = u64::try_from(takes.as_micros()).unwrap() * 11 / 10;
        std::thread::sleep(Duration::from_micros(random() % most));
        load.kill().unwrap();
        load.wait().unwrap();

        let opened = run(&["sql", "select 1", "--lake", &lake]);
        if opened.code == Some(0) {
            let found = state(&lake);
            assert!(found == before && !is_new || found == after, "kill {kill} left something else");
            if found == after { as_after += 1 } else { as_before += 1 }
        } else {
            assert!(is_new && opened.err.contains("there is no lake"), "kill {kill}: {}", opened.err);
            as_before += 1;
        }
        // Whatever was left behind, the next load makes it complete, and tidies.
        ok(&arguments);
        assert!(state(&lake) == after, "kill {kill} is not made good");
        let manifest = std::fs::read_to_string(format!("{lake}/manifest.json")).unwrap();
        let files =
            super::contents(&lake).into_iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "parquet"));
        for (path, _) in files {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(manifest.contains(name), "kill {kill} left {name}");
        }
        std::fs::remove_dir_all(&lake).unwrap();
    }
    println!("{kills} kills within {takes:?}: {as_before} left the lake as before, {as_after} as after");
}
