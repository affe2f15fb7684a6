//! What the policy evaluator is measured against.
//!
//! usage: mfa-benches DIRECTORY ROWS
//! Checks the kernels against the evaluator's core, writes the rows and the kernels' answers as files for DuckDB, and then
//! measures what a line of the standard input names: `texts`, `plain`, `read`, `masks`, `cedar`, `cedar requests`, `compile`.
//! The answer to a line is nanoseconds, of the processor and of the clock, for each row (for `compile`: at all).
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
use kernel::{Answers, ENROLMENTS, Encoded, Kernel, NO_LIST, NO_NAME, NOTHING, OUTCOMES, SESSIONS};
use mfa_core::policy::{Compiled, DEFAULT_POLICY, Evaluator};
use rows::{AS_OF, Kind, Row, rows, with_input};

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
    let mut evaluator = Evaluator::new(Compiled::parse(DEFAULT_POLICY)?);
    let mut columns = Columns::default();
    rows(kind, count).for_each(|row| columns.push(&row));
    let (mut texts, mut masks) = (Answers::new(count), Answers::new(count));
    kernel.from_texts(&columns, &mut texts);
    kernel.from_masks(&kernel.encode_all(&columns), &columns, &mut masks);
    for (index, row) in rows(kind, count).enumerate() {
        let expected = with_input(&row, |input| {
            let decision = evaluator.evaluate(input);
            let session = decision.session.map_or("", |session| session.as_str());
            let (decision, would_decision, enrolment, required_mask, reason_mask) = (
                decision.decision,
                decision.would_decision,
                decision.enrolment,
                decision.required_mask,
                decision.reason_mask,
            );
            let words = [decision.as_str(), would_decision.as_str(), enrolment.as_str(), session];
            (words, required_mask, reason_mask)
        });
        for (name, answers) in [("texts", &texts), ("masks", &masks)] {
            let found = (words(answers, index), answers.required_mask[index], answers.reason_mask[index]);
            if found != expected {
                let names =
                    |mask| mfa_core::policy::Reason::from_mask(mask).map(|reason| reason.as_str()).collect::<Vec<_>>();
                return Err(format!(
                    "the kernel from {name} and the evaluator differ: {found:?} {:?} and {expected:?} {:?} for {row:#?}",
                    names(found.2),
                    names(expected.2)
                )
                .into());
            }
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
    /// The same rows without a word on attestation.
    plain: Columns,
    encoded: Encoded,
    answers: Answers,
    plain_answers: Answers,
    cedar: cedar::Bench,
}

/// Rows that Cedar gets.
const CEDAR_ROWS: usize = 4000;

fn without_attestation(mut row: Row) -> Row {
    row.factors.iter_mut().flatten().for_each(|factor| factor.attested = None);
    row
}

impl<'k> Contenders<'k> {
    fn new(kernel: &'k Kernel, count: usize) -> Self {
        let (mut columns, mut plain) = (Columns::default(), Columns::default());
        for row in rows(Kind::Usual, count) {
            columns.push(&row);
            plain.push(&without_attestation(row));
        }
        let encoded = kernel.encode_all(&columns);
        let (mut answers, mut plain_answers) = (Answers::new(count), Answers::new(count));
        kernel.from_texts(&columns, &mut answers);
        kernel.from_texts(&plain, &mut plain_answers);
        let cedar = cedar::Bench::new(
            rows(Kind::Usual, count).zip(0..).filter(|(row, _)| cedar::can_say(row)).take(CEDAR_ROWS),
        );
        Self { kernel, columns, plain, encoded, answers, plain_answers, cedar }
    }

    fn measure(&mut self, contender: &str) -> Result<(usize, Duration, Duration), Error> {
        let (processor, clock) = (processor_time(), Instant::now());
        let rows = match contender {
            "texts" => {
                self.kernel.from_texts(&self.columns, &mut self.answers);
                self.columns.rows
            }
            "plain" => {
                self.kernel.from_texts(&self.plain, &mut self.plain_answers);
                self.plain.rows
            }
            "read" => {
                std::hint::black_box(self.columns.read());
                self.columns.rows
            }
            "masks" => {
                self.kernel.from_masks(&self.encoded, &self.columns, &mut self.answers);
                self.columns.rows
            }
            "cedar" => self.cedar.from_rows(&self.answers)?,
            "cedar requests" => self.cedar.requests(&self.answers)?,
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
        for (name, answers) in
            [("policy-answers.csv", &self.answers), ("policy-plain-answers.csv", &self.plain_answers)]
        {
            let mut file = create(name)?;
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
         sensitivity,legacy,sensitive,tor,risky,used,used_known,used_nothing,federated,federation_attested,mfa_at,\
         excepted,session_excepted"
        )?;
        let tri = |tri: u8| ["0", "", "1"][usize::from(tri)];
        let code = |code: u8, unknown: u8| if code == unknown { String::new() } else { code.to_string() };
        let instant = |at: i64| if at == i64::MIN { String::new() } else { at.to_string() };
        let bit = |is: bool| u8::from(is);
        for (row, masks) in factors.iter().enumerate() {
            let used = codes.used[row];
            let (excepted, session_excepted) = self.kernel.is_excepted(&self.encoded, &self.columns, row);
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
                "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
                bit(masks.possible[0] & NO_LIST == 0),
                bit(codes.sensitivity[row] != 4),
                if codes.sensitivity[row] > 2 { String::new() } else { codes.sensitivity[row].to_string() },
                tri(codes.protocol[row]),
                tri(codes.transaction[row]),
                signal(1),
                signal(2),
                used & ((1 << (NO_NAME - 1)) - 1),
                bit(used & (NO_LIST | 1 << NO_NAME) == 0),
                bit(used & NOTHING != 0),
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
