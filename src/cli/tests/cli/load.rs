//! `mfa load`.

use std::fs;
use std::process::{Command, Stdio};

use super::{Folder, binary, company, contents, duo, error, mfa, number, ok, root, rows, run};

#[test]
fn the_whole_company_is_loaded() {
    let lake = company();
    let truth: serde_json::Value =
        serde_json::from_slice(&fs::read(root().join("sample_data/truth.json")).unwrap()).unwrap();
    // Loading again changes nothing, and accounts for every file as the generator does.
    let before = contents(lake);
    let again = ok(&["load", "sample_data", "--into", lake, "--format", "jsonl"]);
    assert!(contents(lake) == before, "a second load changed the lake");
    let mut files = 0;
    for line in again.lines() {
        let account: serde_json::Value = serde_json::from_str(line).unwrap();
        let file = account["file"].as_str().unwrap().strip_prefix("sample_data/").unwrap();
        let Some(expected) = truth["files"].get(file) else {
            let is_policy = file.starts_with("policies/");
            assert_eq!(account["skipped"].is_null(), is_policy, "{line}");
            continue;
        };
        files += 1;
        let kind = account["relation"].as_str().unwrap().strip_prefix("mfa_").unwrap();
        for count in ["records", "rows", "ignored", "rejects"] {
            let expected = expected[count].get(kind).unwrap_or(&expected[count]);
            assert_eq!(&account[count], expected, "{count} of {line}");
        }
        assert_eq!((&account["added"], &account["replaced"]), (&0.into(), &0.into()), "{line}");
    }
    // Two files hold accounts and factors.
    assert_eq!(files, truth["files"].as_object().unwrap().len() + 2);
    for (relation, count) in [
        ("mfa_signins", 24_496),
        ("mfa_identities", 1_049),
        ("mfa_factors", 722),
        ("mfa_exceptions", 41),
        ("mfa_policies", 2),
        ("mfa_proposed_policy", 1),
    ] {
        assert_eq!(number(lake, &format!("select count(*) from {relation}")), count, "{relation}");
    }
}

#[test]
fn files_are_by_provider_and_day_and_sorted() {
    let lake = company();
    assert!(fs::metadata(format!("{lake}/signins/provider=okta/day=2026-10-27")).is_ok());
    let file = contents(&format!("{lake}/signins/provider=okta/day=2026-10-27")).remove(0).0;
    let times = "select event_time from mfa_signins where provider = 'okta' and event_time >= timestamptz '2026-10-27'";
    let text = ok(&["sql", times, "--lake", lake, "--format", "csv", "--threads", "1"]);
    let times: Vec<_> = text.lines().skip(1).collect();
    assert!(times.len() > 10 && times.is_sorted(), "{}", file.display());
}

#[test]
fn late_records_go_to_their_day_and_others_stay() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    let early = folder.write("early.ndjson", duo("a", 1, "ana") + &duo("b", 2, "bob"));
    ok(&["load", &early, "--into", &lake]);
    let before = contents(&format!("{lake}/signins/provider=duo/day=2026-03-02"));
    // An event that is there already stays as it was first loaded.
    let late = folder.write("late.ndjson", duo("c", 1, "cat") + &duo("a", 1, "another") + &duo("c", 1, "cat"));
    let account = ok(&["load", &late, "--into", &lake, "--format", "csv"]);
    assert!(account.lines().nth(1).unwrap().ends_with(",mfa_signins,read_mfa_signins,3,3,0,0,1,0,"), "{account}");
    assert_eq!(contents(&format!("{lake}/signins/provider=duo/day=2026-03-02")), before);
    let users = ok(&["sql", "select user_principal from mfa_signins order by 1", "--lake", &lake, "--format", "csv"]);
    assert_eq!(users, "user_principal\nana@x.example\nbob@x.example\ncat@x.example\n");
    assert_eq!(contents(&format!("{lake}/signins/provider=duo/day=2026-03-01")).len(), 1, "the old file is gone");
}

#[test]
fn the_order_of_loads_and_the_memory_do_not_matter() {
    let folder = Folder::new();
    let all: String = (0..3000).map(|n| duo(&format!("e{n}"), n % 28 + 1, &format!("u{}", n % 50))).collect();
    let one = folder.write("one.ndjson", &all);
    let (whole, little) = (folder.path("whole"), folder.path("little"));
    ok(&["load", &one, "--into", &whole]);
    // Everything is written aside before it is sorted.
    ok(&["load", &one, "--into", &little, "--memory", "0"]);
    assert_eq!(rows(&whole, "mfa_signins"), rows(&little, "mfa_signins"));
    assert_eq!(rows(&whole, "mfa_signins").len(), 3000);
}

#[test]
fn lists_are_put_over_each_other() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    let first =
        folder.write("first/exceptions.csv", "exception_id,subject,starts_at\nE1,ana,2026-01-01\nE2,bob,2026-01-02\n");
    ok(&["load", &first, "--into", &lake]);
    // By another name, in another notation, with other columns.
    let second = folder.write(
        "mfa_exceptions.json",
        r#"[{"exception_id": "E2", "subject": "bert", "starts_at": "2026-01-02T00:00:00Z", "risk": "low"}, {"exception_id": "E3"}]"#,
    );
    let account = ok(&["load", &second, "--into", &lake, "--format", "csv"]);
    assert!(account.contains(",mfa_exceptions,list,2,2,0,0,1,1,"), "{account}");
    let text = "select exception_id, subject, risk, starts_at from mfa_exceptions order by 1";
    assert_eq!(
        ok(&["sql", text, "--lake", &lake, "--format", "csv"]),
        "exception_id,subject,risk,starts_at\nE1,ana,,2026-01-01 00:00:00+00\nE2,bert,low,2026-01-02 00:00:00+00\nE3,,,\n"
    );
    // What comes out as Parquet goes in again.
    let parquet = folder.path("exceptions.parquet");
    ok(&["sql", "select * from mfa_exceptions", "--lake", &lake, "--output", &parquet]);
    let copy = folder.path("copy");
    ok(&["load", &parquet, "--into", &copy]);
    assert_eq!(rows(&copy, "mfa_exceptions"), rows(&lake, "mfa_exceptions"));
    // A relation can begin anew.
    ok(&["load", &first, "--into", &lake, "--replace", "exceptions"]);
    assert_eq!(number(&lake, "select count(*) from mfa_exceptions"), 2);
}

#[test]
fn what_is_rejected_is_said_and_counted() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    let log = folder.write("log.ndjson", duo("a", 1, "ana") + "{\"secret\":\n" + "{\"also\": \"secret\"}\n");
    let list = folder.write("tickets.csv", "ticket_id,opened_at\nT1,2026-01-01\nT2,yesterday\n");
    let ran = run(&["load", &log, &list, "--into", &lake, "--max-rejects", "2"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("rejected record 2 of") && ran.err.contains("ends before it is complete"), "{}", ran.err);
    assert!(ran.err.contains("opened_at is no TIMESTAMPTZ"), "{}", ran.err);
    assert!(ran.err.contains("3 records were rejected, more than the 2"), "{}", ran.err);
    assert!(!ran.err.contains("secret") && !ran.err.contains("yesterday"), "{}", ran.err);
    assert!(error(&["sql", "select 1", "--lake", &lake]).contains("there is no lake"));
    let account = ok(&["load", &log, &list, "--into", &lake, "--max-rejects", "3", "--format", "csv"]);
    assert!(account.contains(",mfa_signins,read_mfa_signins,3,1,0,2,1,0,"), "{account}");
    assert!(account.contains(",mfa_tickets,list,2,1,0,1,1,0,"), "{account}");
}

#[test]
fn what_is_not_known_is_skipped_in_a_folder_and_an_error_by_name() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    folder.write("logs/log.json", duo("a", 1, "ana"));
    folder.write("logs/notes.md", "# notes");
    folder.write("logs/other.json", r#"{"what": "else"}"#);
    let numbers = folder.write("logs/numbers.csv", "a,b\n1,2\n");
    folder.write("logs/.hidden.json", duo("h", 1, "hid"));
    let text = ok(&["load", &folder.path("logs"), "--into", &lake, "--format", "csv"]);
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains("a file of type md is no log") && text.contains("no record that a reader"), "{text}");
    assert_eq!(rows(&lake, "mfa_signins").len(), 1);
    assert!(error(&["load", &numbers, "--into", &lake]).contains("neither its name nor its columns"));
    assert!(error(&["load", &folder.path("gone.json"), "--into", &lake]).contains("no such file"));
    assert!(error(&["load", &folder.path("*.zip"), "--into", &lake]).contains("no file matches"));
    assert!(error(&["load", &folder.path("logs")]).contains("no lake is named"));
    // A folder that is something else is left alone.
    let before = contents(&folder.path("logs"));
    let other = error(&["load", &folder.path("logs/log.json"), "--into", &folder.path("logs")]);
    assert!(other.contains("is not empty and no lake"), "{other}");
    assert_eq!(contents(&folder.path("logs")), before);
    let replace = error(&["load", &folder.path("logs"), "--into", &lake, "--replace", "identitys"]);
    assert!(replace.contains("did you mean identities"), "{replace}");
}

#[test]
fn two_loads_at_once_both_count() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    let loads: Vec<_> = (0..4)
        .map(|load: u32| {
            let text: String = (0..500).map(|n| duo(&format!("{load}-{n}"), n % 28 + 1, "ana")).collect();
            let file = folder.write(&format!("{load}.ndjson"), text);
            mfa(&["load", &file, "--into", &lake]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for load in loads {
        let output = load.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(number(&lake, "select count(distinct event_id) from mfa_signins"), 2000);
    assert_eq!(number(&lake, "select count(*) from mfa_signins"), 2000);
    // One that does not wait fails, and says so.
    let lock = fs::File::open(format!("{lake}/.loading")).unwrap();
    lock.lock().unwrap();
    let busy = error(&["load", &folder.path("0.ndjson"), "--into", &lake, "--no-wait"]);
    assert!(busy.contains("another load is writing"), "{busy}");
}

#[test]
fn a_query_keeps_the_files_it_reads() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    let first = folder.write("1.ndjson", duo("a", 1, "ana"));
    let second = folder.write("2.ndjson", duo("b", 1, "bob"));
    ok(&["load", &first, "--into", &lake]);
    let reading = fs::File::open(format!("{lake}/.reading")).unwrap();
    reading.lock_shared().unwrap();
    ok(&["load", &second, "--into", &lake]);
    let day = format!("{lake}/signins/provider=duo/day=2026-03-01");
    assert_eq!(contents(&day).len(), 2, "what is read stays");
    assert_eq!(rows(&lake, "mfa_signins").len(), 2, "and does not count");
    drop(reading);
    ok(&["load", &second, "--into", &lake]);
    assert_eq!(contents(&day).len(), 1, "until the next load");
}

#[test]
fn torn_and_foreign_files_are_named() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    let log = folder.write("log.ndjson", duo("a", 1, "ana") + &duo("b", 2, "bob"));
    ok(&["load", &log, "--into", &lake]);
    let (torn, bytes) = contents(&format!("{lake}/signins/provider=duo/day=2026-03-01")).remove(0);
    let sql = "select count(*) from mfa_signins";
    // Cut short, emptied of sense at the same length, gone.
    for damage in [Some(bytes[..bytes.len() / 2].to_vec()), Some(vec![0; bytes.len()]), None] {
        match damage {
            Some(bytes) => fs::write(&torn, bytes).unwrap(),
            None => fs::remove_file(&torn).unwrap(),
        }
        let message = error(&["sql", sql, "--lake", &lake]);
        assert!(message.contains("signins/provider=duo/day=2026-03-01/load-"), "{message}");
        assert!(error(&["load", &log, "--into", &lake]).contains("damaged"));
        let ran = run(&["sql", sql, "--lake", &lake, "--skip-damaged", "--format", "csv"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "count(*)\n1\n"), "{}", ran.err);
        assert!(ran.err.contains("left out"), "{}", ran.err);
    }
    // Loading what it held repairs it.
    ok(&["load", &log, "--into", &lake, "--skip-damaged"]);
    assert_eq!(number(&lake, sql), 2);
    fs::write(format!("{lake}/signins/provider=duo/mine.parquet"), bytes).unwrap();
    assert!(error(&["sql", sql, "--lake", &lake]).contains("'signins/provider=duo/mine.parquet': no load"));
    let ran = run(&["sql", sql, "--lake", &lake, "--skip-damaged", "--format", "csv"]);
    assert_eq!(ran.out, "count(*)\n2\n");
    fs::write(format!("{lake}/manifest.json"), "{").unwrap();
    assert!(error(&["sql", sql, "--lake", &lake]).contains("is not the manifest of a lake"));
}

/// Runs a shell that may write files of so many kilobytes at most.
#[cfg(unix)]
fn limited(kilobytes: u32, arguments: &[&str]) -> super::Ran {
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kilobytes * 2);
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg("sh").arg(binary()).args(arguments).output().unwrap().into()
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_lake_as_it_was() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    let first = folder.write("1.ndjson", duo("a", 1, "ana"));
    let many: String = (0..20_000).map(|n| duo(&format!("x{n}-{}", n * 7919 % 20_011), 1, &format!("u{n}"))).collect();
    let many = folder.write("2.ndjson", many);
    ok(&["load", &first, "--into", &lake]);
    let before = contents(&lake);
    let ran = limited(16, &["load", &many, "--into", &lake]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("cannot write") && ran.out.is_empty(), "{}", ran.err);
    assert!(contents(&lake) == before, "the lake changed");
    let output = folder.path("out.csv");
    let ran = limited(16, &["sql", "select * from generate_series(1, 100000)", "--output", &output]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(fs::metadata(&output).is_err(), "half an answer");
    ok(&["load", &many, "--into", &lake]);
    assert_eq!(number(&lake, "select count(*) from mfa_signins"), 20_001);
}

#[test]
fn a_small_disk_leaves_the_lake_as_it_was() {
    let folder = Folder::new();
    let disk = folder.path("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs", &disk]).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("a file system of its own takes root; skipped");
        return;
    }
    let lake = format!("{disk}/lake");
    let first = folder.write("1.ndjson", duo("a", 1, "ana"));
    let many: String = (0..20_000).map(|n| duo(&format!("x{n}-{}", n * 7919 % 20_011), 1, &format!("u{n}"))).collect();
    let many = folder.write("2.ndjson", many);
    let loaded = run(&["load", &first, "--into", &lake]);
    let before = contents(&lake);
    let full = run(&["load", &many, "--into", &lake]);
    let after = contents(&lake);
    let _ = Command::new("umount").arg(&disk).status();
    assert_eq!(loaded.code, Some(0), "{}", loaded.err);
    assert_eq!(full.code, Some(2), "{}", full.err);
    assert!(full.err.contains("cannot write"), "{}", full.err);
    assert!(after == before, "the lake changed");
}
