//! Writes the seeds of the fuzz target, and a dictionary of the words in them: `seeds FOLDER DICTIONARY`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, dictionary] = &arguments[..] else {
        return Err("usage: seeds FOLDER DICTIONARY".into());
    };
    let seeds = mfa_replay::seeds::seeds(Path::new("."))?;
    fs::create_dir_all(folder)?;
    for (number, input) in seeds.inputs.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:04}")), input)?;
    }
    let words: Vec<_> = seeds.words.iter().map(|word| format!("\"{word}\"\n")).collect();
    fs::write(dictionary, words.concat())?;
    Ok(())
}
