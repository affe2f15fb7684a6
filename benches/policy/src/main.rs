//! What the policy evaluator is measured against.
//!
//! usage: mfa-benches DIRECTORY ROWS
//! Checks the kernels against the evaluator's core, writes the rows and the kernels' answers as files for DuckDB, and then
//! measures what a line of the standard input names: `texts`, `read` (each with `full`, `plain` or `names`, for what is
//! said of factors), `masks`, `cedar`, `requests` (Cedar's, made beforehand) or `compile`. The answer to a line is
//! nanoseconds, of the processor and of the clock, for each row; for `compile`, at all.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

mod cedar;
mod columns;
mod kernel;
mod lexicon;
mod rows;

use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use columns::Columns;
use kernel::{Answers, ENROLMENTS, Encoded, Kernel, NO_LIST, NO_NAME, OUTCOMES, SESSIONS};
use mfa_core::policy::{Compiled, DEFAULT_POLICY, Evaluator, Reason};
use rows::{AS_OF, Form, Kind, rows, with_input};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mfa-benches DIRECTORY ROWS".into());
    };
    let (directory, count) = (Path::new(&directory), count.parse()?);
    let kernel = Kernel::new(AS_OF);
    check(&kernel, Kind::Wild, 200_000)?;
    check(&kernel, Kind::Usual, 50_000)?;

    let mut contenders = Contenders::new(&kernel, count);
    contenders.write(directory, count)?;
    println!("ready");
    for line in io::stdin().lock().lines() {
        let (rows, processor, clock) = contenders.measure(&line?)?;
        let each = |duration: Duration| duration.as_nanos() as f64 / rows as f64;
        println!("[{}, {}]", each(processor), each(clock));
    }
    Ok(())
}

/// Compares both kernels with the evaluator's core.
fn check(kernel: &Kernel, kind: Kind, count: usize) -> Result<(), Error> {
    let mut columns = Columns::default();
    rows(kind, count).for_each(|row| columns.push(&row));
    let mut answers = Answers::new(count);
    for form in Form::ALL {
        kernel.decide_texts(&columns, form, &mut answers);
        compare(&answers, kind, form, form.name())?;
    }
    kernel.decide_masks(&kernel.encode_all(&columns), &columns, &mut answers);
    compare(&answers, kind, Form::Full, "masks")
}

fn compare(answers: &Answers, kind: Kind, form: Form, name: &str) -> Result<(), Error> {
    let mut evaluator = Evaluator::new(Compiled::parse(DEFAULT_POLICY)?);
    for (index, row) in rows(kind, answers.decision.len()).enumerate() {
        let expected = with_input(&row, form, |input| {
            let said = evaluator.evaluate(input);
            let session = said.session.map_or("", |session| session.as_str());
            let words = [said.decision.as_str(), said.would_decision.as_str(), said.enrolment.as_str(), session];
            (words, said.required_mask, said.reason_mask)
        });
        let found = (words(answers, index), answers.required_mask[index], answers.reason_mask[index]);
        if found != expected {
            let names = |mask| Reason::from_mask(mask).map(Reason::as_str).collect::<Vec<_>>();
            let (ours, theirs) = (names(found.2), names(expected.2));
            let what = format!("the kernel ({name}) and the evaluator differ");
            return Err(format!("{what}: {found:?} {ours:?} and {expected:?} {theirs:?} for {row:#?}").into());
        }
    }
    Ok(())
}

fn words(answers: &Answers, row: usize) -> [&'static str; 4] {
    [
        OUTCOMES[usize::from(answers.decision[row])],
        OUTCOMES[usize::from(answers.would_decision[row])],
        ENROLMENTS[usize::from(answers.enrolment[row])],
        SESSIONS[usize::from(answers.session[row])],
    ]
}

/// All that is measured here, ready to go.
struct Contenders<'k> {
    kernel: &'k Kernel,
    columns: Columns,
    encoded: Encoded,
    /// By form.
    answers: [Answers; 3],
    cedar: cedar::Bench,
}

/// Rows that Cedar gets.
const CEDAR_ROWS: usize = 4000;

impl<'k> Contenders<'k> {
    fn new(kernel: &'k Kernel, count: usize) -> Self {
        let mut columns = Columns::default();
        rows(Kind::Usual, count).for_each(|row| columns.push(&row));
        let encoded = kernel.encode_all(&columns);
        let answers = Form::ALL.map(|form| {
            let mut answers = Answers::new(count);
            kernel.decide_texts(&columns, form, &mut answers);
            answers
        });
        let known = rows(Kind::Usual, count).zip(0..).filter(|(row, _)| cedar::can_say(row));
        let cedar = cedar::Bench::new(known.take(CEDAR_ROWS));
        Self { kernel, columns, encoded, answers, cedar }
    }

    fn measure(&mut self, contender: &str) -> Result<(usize, Duration, Duration), Error> {
        let (contender, form) = contender.split_once(' ').unwrap_or((contender, "full"));
        let form = Form::ALL.into_iter().find(|other| other.name() == form).unwrap_or(Form::Full);
        let answers = &mut self.answers[form as usize];
        let (processor, clock) = (processor_time(), Instant::now());
        let rows = match contender {
            "texts" => {
                self.kernel.decide_texts(&self.columns, form, answers);
                self.columns.rows
            }
            "read" => {
                std::hint::black_box(self.columns.read(form));
                self.columns.rows
            }
            "masks" => {
                self.kernel.decide_masks(&self.encoded, &self.columns, answers);
                self.columns.rows
            }
            "cedar" => self.cedar.decide_rows(answers)?,
            "requests" => self.cedar.requests(answers)?,
            "compile" => {
                std::hint::black_box(Compiled::parse(std::hint::black_box(DEFAULT_POLICY))?);
                1
            }
            other => return Err(format!("no contender is called {other}").into()),
        };
        Ok((rows, processor_time() - processor, clock.elapsed()))
    }

    fn write(&self, directory: &Path, count: usize) -> Result<(), Error> {
        let create = |name: &str| File::create(directory.join(name)).map(BufWriter::new);
        let mut file = create("policy-rows.ndjson")?;
        for row in rows(Kind::Usual, count) {
            serde_json::to_writer(&mut file, &row)?;
            file.write_all(b"\n")?;
        }
        file.flush()?;
        for (form, answers) in Form::ALL.into_iter().zip(&self.answers) {
            let mut file = create(&format!("policy-answers-{}.csv", form.name()))?;
            writeln!(file, "decision,would_decision,enrolment,session,required_mask,reason_mask")?;
            for row in 0..count {
                let (required, reasons) = (answers.required_mask[row], answers.reason_mask[row]);
                writeln!(file, "{},{required},{reasons}", words(answers, row).join(","))?;
            }
            file.flush()?;
        }
        let mut file = create("policy-masks.csv")?;
        self.write_masks(&mut file)?;
        Ok(file.flush()?)
    }

    /// The codes and masks as integers; what is not known is left empty.
    fn write_masks(&self, file: &mut impl Write) -> Result<(), Error> {
        let Encoded { codes, factors } = &self.encoded;
        writeln!(
            file,
            "population,admin_role,privileged,department,emea,created_at,fallback_started_at,active,active_twice,attested,\
         attested_twice,possible,possible_twice,possible_attested,possible_attested_twice,factors_known,has_session,\
         sensitivity,legacy,sensitive,tor,risky,used,federated,federation_attested,mfa_at,\
         excepted,session_excepted"
        )?;
        let tri = |tri: u8| ["0", "", "1"][usize::from(tri)];
        let code = |code: u8, unknown: u8| if code == unknown { String::new() } else { code.to_string() };
        let instant = |at: i64| if at == i64::MIN { String::new() } else { at.to_string() };
        let bit = |is: bool| u8::from(is);
        for (row, masks) in factors.iter().enumerate() {
            let used = codes.used[row];
            let (excepted, session_excepted) = self.kernel.is_excepted(&self.encoded, &self.columns, row);
            let is_known = used & (NO_LIST | 1 << NO_NAME) == 0;
            let methods = if is_known { (used & ((1 << (NO_NAME - 1)) - 1)).to_string() } else { String::new() };
            let signals = codes.signals[row];
            let signal = |bit: u8| if signals & bit != 0 { "1" } else { tri(signals >> 2 & 1) };
            write!(
                file,
                "{},{},{},{},{},{},{},",
                code(codes.population[row], 4),
                tri(codes.role[row]),
                tri(codes.privileged[row]),
                code(codes.department[row], 3),
                tri(codes.region[row]),
                instant(codes.created_at[row]),
                instant(codes.fallback_started_at[row]),
            )?;
            for masks in [masks.active, masks.attested, masks.possible, masks.possible_attested] {
                write!(file, "{},{},", masks[0], masks[1])?;
            }
            writeln!(
                file,
                "{},{},{},{},{},{},{},{},{},{},{},{},{}",
                bit(masks.possible[0] & NO_LIST == 0),
                bit(codes.sensitivity[row] != 4),
                if codes.sensitivity[row] > 2 { String::new() } else { codes.sensitivity[row].to_string() },
                tri(codes.protocol[row]),
                tri(codes.transaction[row]),
                signal(1),
                signal(2),
                methods,
                tri(codes.federated[row]),
                tri(codes.federation_attested[row]),
                instant(codes.mfa_at[row]),
                tri(excepted),
                tri(session_excepted),
            )?;
        }
        Ok(())
    }
}

/// Time that the processor spent on this process.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
