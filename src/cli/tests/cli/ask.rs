//! The commands that ask.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use super::{AS_OF, Folder, company, error, mfa, ok, root, run};

#[test]
fn questions() {
    let list = ok(&["query", "list", "--format", "csv"]);
    let files = std::fs::read_dir(root().join("queries"))
        .unwrap()
        .flat_map(|topic| std::fs::read_dir(topic.unwrap().path()).unwrap());
    assert_eq!(list.lines().count() - 1, files.count());
    assert!(list.contains("assess,worst_gaps,"), "{list}");
    let text = std::fs::read_to_string(root().join("queries/assess/worst_gaps.sql")).unwrap();
    assert_eq!(ok(&["query", "show", "worst_gaps"]), text);
    let answer = ok(&["query", "run", "worst_gaps", "--lake", company(), "--as-of", AS_OF, "--format", "csv"]);
    assert!(
        answer.starts_with("severity,rule,findings,identities,last_seen,remediation\ncritical,first_factor_only,2,2,"),
        "{answer}"
    );
    // A parameter goes before a setting, and is a value of its type.
    let arguments = ["query", "run", "worst_gaps", "--lake", company(), "--as-of", AS_OF, "--format", "csv"];
    let week = ok(&[&arguments[..], &["--param", "gap_window_days=7"]].concat());
    let set = ok(&[&arguments[..], &["--set", "gap_window_days=7"]].concat());
    assert!(week == set && week != answer, "{week}");
    let wrong = error(&[&arguments[..], &["--param", "gap_window_days=7; drop table x"]].concat());
    assert!(wrong.contains("is no INTEGER"), "{wrong}");
    assert!(error(&[&arguments[..], &["--param", "gap_days=7"]].concat()).contains("gap_window_days"));
    assert!(error(&[&arguments[..], &["--param", "as_of"]].concat()).contains("write NAME=VALUE"));
    assert!(error(&["query", "run", "worst_gap", "--lake", company()]).contains("did you mean worst_gaps?"));
    assert!(error(&["query", "show", "worst"]).contains("did you mean worst_gaps?"));
    assert!(error(&["query", "run", "worst_gaps"]).contains("no lake is named"));
    let gone = error(&["query", "run", "worst_gaps", "--lake", "no/where"]);
    assert!(gone.contains("there is no lake in 'no/where'") && gone.contains("mfa load"), "{gone}");
}

#[test]
fn every_question_has_an_answer() {
    for line in ok(&["query", "list", "--format", "csv"]).lines().skip(1) {
        let name = line.split(',').nth(1).unwrap();
        let answer = ok(&["query", "run", name, "--lake", company(), "--as-of", AS_OF, "--format", "jsonl"]);
        assert!(!answer.is_empty(), "{name}");
    }
}

#[test]
fn formats() {
    let sql = "select 1 as n, 'a|b\"c' as t, cast(null as varchar) as e, [1, 2] as l, timestamptz '2026-01-05 08:00:00+00' as w";
    for (format, expected) in [
        ("csv", "n,t,e,l,w\n1,\"a|b\"\"c\",,\"[1, 2]\",2026-01-05 08:00:00+00\n"),
        ("json", "[\n{\"n\":1,\"t\":\"a|b\\\"c\",\"e\":null,\"l\":[1,2],\"w\":\"2026-01-05T08:00:00Z\"}\n]\n"),
        ("jsonl", "{\"n\":1,\"t\":\"a|b\\\"c\",\"e\":null,\"l\":[1,2],\"w\":\"2026-01-05T08:00:00Z\"}\n"),
        (
            "markdown",
            "| n | t | e | l | w |\n| --: | --- | --- | --- | --- |\n| 1 | a\\|b\"c |  | [1, 2] | 2026-01-05 08:00:00+00 |\n",
        ),
        (
            "table",
            "┌───┬───────┬──────┬────────┬────────────────────────┐\n\
             │ n ┆ t     ┆ e    ┆ l      ┆ w                      │\n\
             ╞═══╪═══════╪══════╪════════╪════════════════════════╡\n\
             │ 1 ┆ a|b\"c ┆ NULL ┆ [1, 2] ┆ 2026-01-05 08:00:00+00 │\n\
             └───┴───────┴──────┴────────┴────────────────────────┘\n",
        ),
    ] {
        assert_eq!(ok(&["sql", sql, "--format", format]), expected, "{format}");
    }
    // In a pipe, CSV; without rows, the columns.
    assert_eq!(ok(&["sql", "select 1 as n where false"]), "n\n");
    assert_eq!(ok(&["sql", "select 1 as n where false", "--format", "json"]), "[]\n");
    let folder = Folder::new();
    let file = folder.path("answer.parquet");
    assert_eq!(ok(&["sql", sql, "--output", &file]), "");
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    let markdown = folder.path("answer.md");
    ok(&["sql", "select 1 as n", "--output", &markdown]);
    assert_eq!(std::fs::read_to_string(&markdown).unwrap(), "| n |\n| --: |\n| 1 |\n");
    assert!(error(&["sql", "select 1", "--format", "jsno"]).contains("there is no format jsno; did you mean json"));
    assert!(error(&["sql", "select 1", "--output", "no/where/x.csv"]).contains("cannot write 'no/where/x.csv'"));
}

#[test]
fn statements() {
    let lake = company();
    // Values are bound, never pasted.
    let sql = "select count(*) as n from mfa_signins where user_principal = $who";
    let who = "who=x' or 'a' = 'a";
    assert_eq!(ok(&["sql", sql, "--param", who, "--lake", lake]), "n\n0\n");
    let sql = "select count(*) as n from mfa_signins where event_time < $until and provider = $p";
    assert_eq!(ok(&["sql", sql, "-p", "until=2026-07-01", "-p", "p=duo", "--lake", lake]).lines().count(), 2);
    // Several statements, from standard input; the last one answers.
    let mut child = mfa(&["sql", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"create table t as select 41 as n; select n + 1 as n from t;").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"n\n42\n");
    // A log needs no lake.
    let log = "select count(*) as n from read_mfa_signins('sample_data/duo/authentication-page.json')";
    assert_eq!(ok(&["sql", log]), "n\n115\n");
    assert!(error(&["sql", "select * from mfa_gasp", "--lake", lake]).contains("Did you mean mfa_gaps?"));
    assert!(error(&["sql", "select * from mfa_gaps"]).contains("is not loaded"));
    assert!(error(&["sql", "selec 1"]).to_lowercase().contains("expected"));
    assert!(error(&["sql", "select * from read_mfa_signins('no/where')"]).contains("no such file"));
    assert!(
        error(&["sql", "select mfa_normalize_signin('oktaa', '{}')"]).contains("unknown provider 'oktaa': known are ")
    );
    assert!(error(&["sql"]).contains("Usage"));
}

#[test]
fn only_the_files_that_matter_are_read() {
    let sql =
        "explain select count(*) from mfa_signins where provider = 'okta' and event_time >= timestamptz '2026-10-20'";
    let plan = ok(&["sql", sql, "--lake", company(), "--format", "jsonl"]);
    assert_eq!(plan.matches(".parquet").count(), 8, "{plan}");
    assert!(plan.contains("pruning_predicate"), "{plan}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in [
        &["sql", "select * from generate_series(1, 3000000)", "--format", "csv"][..],
        &["sql", "select * from generate_series(1, 3000000)", "--format", "jsonl"],
        &["sql", "install"],
    ] {
        let mut child = mfa(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{arguments:?}");
    }
}

#[test]
fn checks() {
    let lake = company();
    let arguments = ["check", "--lake", lake, "--as-of", AS_OF];
    let passed =
        run(&[&arguments[..], &["--min", "registration_coverage=0.85", "--max", "open_critical_gaps=3"]].concat());
    assert_eq!((passed.code, passed.err.as_str()), (Some(0), ""));
    let summary: serde_json::Value = serde_json::from_str(&passed.out).unwrap();
    assert_eq!(summary["passed"], true);
    assert_eq!(summary["checks"][1]["value"], 3);
    let failed =
        run(&[&arguments[..], &["--min", "registration_coverage=0.95", "--max", "open_critical_gaps=3"]].concat());
    assert_eq!(failed.code, Some(1));
    let summary: serde_json::Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!(
        (&summary["checks"][0]["status"], &summary["checks"][1]["status"]),
        (&"failed".into(), &"passed".into())
    );
    assert!(failed.err.contains("registration_coverage is 0.89"), "{}", failed.err);
    assert!(
        error(&[&arguments[..], &["--min", "registration=1"]].concat()).contains("did you mean registration_coverage")
    );
    assert!(error(&[&arguments[..], &["--min", "open_gaps=few"]].concat()).contains("write a number"));
    assert!(error(&[&arguments[..], &["--min", "open_gaps=NaN"]].concat()).contains("write a number"));
    assert!(error(&arguments).contains("--min"));
    assert!(error(&["check", "--min", "open_gaps=1"]).contains("no lake is named"));
    // Every measure has a value for the company.
    let list = ok(&["check", "--list", "--format", "csv"]);
    let bounds: Vec<_> = list.lines().skip(1).map(|line| format!("{}=1e9", line.split(',').next().unwrap())).collect();
    let all: Vec<_> = bounds.iter().flat_map(|bound| ["--max", bound]).collect();
    assert!(bounds.len() > 10);
    let all = run(&[&arguments[..], &all].concat());
    assert_eq!(all.code, Some(0), "{}", all.err);
}

#[test]
fn what_is_unknown_does_not_pass() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    ok(&["load", "sample_data/hr", "sample_data/duo", "--into", &lake]);
    // Nothing is known of factors and exceptions: none is found, which is no good news.
    let bounds = ["--max", "open_critical_gaps=0", "--max", "overdue_exceptions=0"];
    let ran = run(&[&["check", "--lake", &lake, "--as-of", AS_OF][..], &bounds].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("open_critical_gaps is unknown, max 0: mfa_factors is not loaded"), "{}", ran.err);
    assert_eq!(ran.out.matches("\"unknown\"").count(), 2, "{}", ran.out);
    // A list that is loaded and empty says that there are none.
    let none = folder.write("exceptions.csv", "exception_id,subject\n");
    ok(&["load", &none, "--into", &lake]);
    ok(&["check", "--lake", &lake, "--as-of", AS_OF, "--max", "overdue_exceptions=0"]);
}

#[test]
fn policies() {
    let folder = Folder::new();
    let clean = ok(&["policy", "lint", "sample_data/policies/v1.toml", "--format", "csv"]);
    assert_eq!(clean, "file,severity,rule,path,message\n");
    let draft = folder.write("draft.toml", "schema = \"mfa-policy/1\"\nid = 3\n");
    let ran = run(&["policy", "lint", &draft, "--format", "csv"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains(",error,invalid_document,"), "{}", ran.out);
    assert!(error(&["policy", "lint", "no/where.toml"]).contains("cannot read the policy"));
    // The one that is named, the one in force in the lake, the one that is shipped.
    let v2 = std::fs::read_to_string(root().join("sample_data/policies/v2.toml")).unwrap();
    assert_eq!(ok(&["policy", "show", "--policy", "sample_data/policies/v2.toml"]), v2);
    assert_eq!(ok(&["policy", "show", "--lake", company(), "--as-of", AS_OF]), v2);
    assert!(ok(&["policy", "show", "--lake", company(), "--as-of", "2026-07-01"]) != v2);
    assert!(ok(&["policy", "show"]).contains("schema = \"mfa-policy/1\""));
    let hash = ok(&["policy", "show", "--hash", "--policy", "sample_data/policies/v2.toml"]);
    let canonical = folder.path("canonical.json");
    ok(&["policy", "show", "--canonical", "--policy", "sample_data/policies/v2.toml", "--output", &canonical]);
    assert_eq!(ok(&["policy", "show", "--hash", "--policy", &canonical]), hash);
    assert!(ok(&["policy", "show", "--matrix", "--lake", company(), "--as-of", AS_OF]).lines().count() > 5);
    let why = ok(&["policy", "explain", "Rosa.Ortiz@larkspur.example", "--lake", company(), "--as-of", AS_OF]);
    assert!(why.contains(",tier,admin,true,,false,"), "{why}");
    let nobody = error(&["policy", "explain", "rosa.ortis@larkspur.example", "--lake", company()]);
    assert!(nobody.contains("did you mean rosa.ortiz@larkspur.example"), "{nobody}");
    assert!(error(&["policy", "diff", &draft, "--lake", company()]).contains("is no valid policy"));
    let schema: serde_json::Value = serde_json::from_str(&ok(&["policy", "schema"])).unwrap();
    assert!(schema["properties"].is_object());
}

#[test]
fn policies_are_compared() {
    let diff = ok(&["policy", "diff", "sample_data/policies/proposed.toml", "--lake", company(), "--as-of", AS_OF]);
    assert_eq!(diff, ok(&["policy", "diff", "--lake", company(), "--as-of", AS_OF]));
    assert!(diff.lines().count() > 10, "{diff}");
}

#[test]
fn the_catalog() {
    let all = ok(&["functions", "--format", "csv"]);
    assert!(all.contains("\nmfa_evaluate,scalar,") && all.contains("\nread_okta_system_log,reader,"), "{all}");
    let one = ok(&["functions", "mfa_gaps"]);
    assert!(one.contains("Columns\n  finding_id VARCHAR") && one.contains("mfa_gap_window_days"), "{one}");
    assert!(error(&["functions", "mfa_gapps"]).contains("mfa_gaps"));
}

#[test]
fn configuration_goes_from_flags_to_defaults() {
    let folder = Folder::new();
    let file =
        folder.write("mfa.toml", "lake = \"from-file\"\nas_of = \"2026-01-01\"\ncurve_days = 7\nformat = \"jsonl\"\n");
    let mut command = mfa(&["config", "show", "--lake", "from-flag", "--format", "csv"]);
    command.current_dir(folder.path("")).env("MFA_AS_OF", "2026-02-02").env("MFA_LAKE", "from-variable");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "lake,from-flag,--lake,",
        "as_of,2026-02-02,MFA_AS_OF,",
        "curve_days,7,mfa.toml,",
        "gap_window_days,30,default,",
        "format,csv,--format,",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    // Paths in a file are seen from it.
    let text = ok(&["config", "show", "--config", &file, "--format", "csv"]);
    assert!(text.contains(&folder.path("from-file")), "{text}");
    let bad = folder.write("bad.toml", "curve_day = 7\n");
    assert!(error(&["config", "show", "--config", &bad]).contains("there is no curve_day; did you mean curve_days"));
    let bad = folder.write("worse.toml", "lake = [\n");
    assert!(error(&["config", "show", "--config", &bad]).contains("is not valid TOML"));
    assert!(error(&["config", "show", "--config", "no/where.toml"]).contains("cannot read the configuration"));
    assert!(error(&["config", "show", "--set", "as_off=1"]).contains("did you mean as_of?"));
    assert!(error(&["config", "show", "--threads", "0"]).contains("write a number from 1 on"));
    let typed = error(&["query", "run", "worst_gaps", "--lake", company(), "--as-of", "tomorrow"]);
    assert!(typed.contains("as_of (--as-of): 'tomorrow' is no TIMESTAMPTZ"), "{typed}");
}

#[test]
fn completions_and_pages() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(ok(&["completions", shell]).contains("mfa"), "{shell}");
    }
    assert!(error(&["completions", "tcsh"]).contains("possible values"));
    assert!(ok(&["man"]).contains(".TH mfa 1"));
    let folder = Folder::new();
    ok(&["man", "--folder", &folder.path("man")]);
    assert!(std::fs::read_dir(folder.path("man")).unwrap().count() > 5);
    let help = ok(&["load", "--help"]);
    assert!(help.contains("Examples:") && help.contains("--max-rejects"), "{help}");
    assert!(error(&["laod"]).contains("load"));
}

#[test]
fn messages_stay_out_of_the_answer() {
    let folder = Folder::new();
    let lake = folder.path("lake");
    let ran = run(&["load", "sample_data/duo", "--into", &lake, "--format", "json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&ran.out).is_ok(), "{}", ran.out);
    // No bar where nobody looks, no colour.
    assert!(
        ran.err.contains("2983 rows added") && !ran.err.contains('\u{1b}') && !ran.err.contains("reading"),
        "{}",
        ran.err
    );
    assert_eq!(run(&["load", "sample_data/duo", "--into", &lake, "--quiet"]).err, "");
}
