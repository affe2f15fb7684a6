//! What the readers are measured against outside of DuckDB: a JSON parser, into the same fields, of which nothing is made.
//!
//! sonic-rs was the fastest: simd-json 0.19, which first builds a tape of all of a record, took 1.3 to 1.8 times as long into
//! the same fields.
//!
//! usage: mfa-bare FILE entra|okta 3|32
//! For each line of the standard input it reads the file of lines once and answers with rows, a sum of lengths, and
//! seconds of the clock and of the processor.
//!
//! usage: mfa-bare pack gzip|zstd|array FILE OUT
//! Writes a file of lines in another form.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

mod fields;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::time::{Duration, Instant};

use fields::{Entra, EntraFew, Okta, OktaFew, Size};
use serde::Deserialize;

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["pack", form, file, out] => pack(form, file, out),
        [file, log, columns] => {
            for _ in io::stdin().lock().lines() {
                let (processor, clock) = (processor_time(), Instant::now());
                let (rows, length) = match (log, columns) {
                    ("entra", "3") => each_line(file, |line| read::<EntraFew<'_>>(line)),
                    ("entra", "32") => each_line(file, |line| read::<Entra<'_>>(line)),
                    ("okta", "3") => each_line(file, |line| read::<OktaFew<'_>>(line)),
                    ("okta", "32") => each_line(file, |line| read::<Okta<'_>>(line)),
                    _ => return Err("a log is entra or okta, and its columns are 3 or 32".into()),
                }?;
                let (seconds, spent) = (clock.elapsed().as_secs_f64(), (processor_time() - processor).as_secs_f64());
                // Its memory is not compared.
                println!("[{rows}, {length}, {seconds}, {spent}, 0]");
            }
            Ok(())
        }
        _ => Err("usage: mfa-bare FILE entra|okta 3|32, or mfa-bare pack gzip|zstd|array FILE OUT".into()),
    }
}

/// The length of three texts of a record, all of which is parsed.
fn read<'a, T: Deserialize<'a> + Size>(line: &'a [u8]) -> Result<usize, Error> {
    Ok(std::hint::black_box(sonic_rs::from_slice::<T>(line)?).size())
}

/// Reads a file a megabyte at a time.
fn each_line(file: &str, mut read: impl FnMut(&[u8]) -> Result<usize, Error>) -> Result<(usize, usize), Error> {
    let mut file = File::open(file)?;
    let (mut rows, mut length) = (0, 0);
    let (mut block, mut kept) = (vec![0; 1 << 20], 0);
    loop {
        let more = file.read(&mut block[kept..])?;
        if more == 0 {
            break;
        }
        let (filled, mut start) = (kept + more, 0);
        while let Some(length_of) = memchr::memchr(b'\n', &block[start.max(kept)..filled]) {
            let end = start.max(kept) + length_of;
            length += read(&block[start..end])?;
            rows += 1;
            start = end + 1;
        }
        block.copy_within(start..filled, 0);
        kept = filled - start;
        if kept == block.len() {
            return Err("a line is longer than a megabyte".into());
        }
    }
    Ok((rows, length))
}

fn pack(form: &str, file: &str, out: &str) -> Result<(), Error> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(file)?);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(out)?);
    match form {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::default());
            io::copy(&mut file, &mut encoder)?;
            encoder.finish()?;
        }
        "zstd" => zstd::stream::copy_encode(file, &mut out, 3)?,
        "array" => {
            let mut before = "[";
            for line in file.split(b'\n') {
                out.write_all(before.as_bytes())?;
                out.write_all(&line?)?;
                before = ",";
            }
            out.write_all(b"]")?;
        }
        _ => return Err("a form is gzip, zstd or array".into()),
    }
    Ok(out.flush()?)
}

/// Time that the processor spent on this process.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
