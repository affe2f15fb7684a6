//! Loading: files to rows to a lake that is as before, or has them all.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use mfa_core::catalog::SqlFile;
use mfa_core::readers::framing::{Block, Stream};
use mfa_core::readers::history::{History, Tolerance};
use mfa_core::readers::{Layout, Parse, READERS, Reader};

use super::manifest::{ASIDE, DataFile, LOADING, Manifest, READING, below, is_ours, sync_folder};
use super::recognise::{self, Input, Kind};
use super::signins::{self, Gathered};
use super::{Damage, Damaged, LakeError, contract, parquet, schema, tables};
use crate::logs::{LogTable, Reading};

/// Rows that are handed on at once.
const BATCH: usize = 8192;

/// Rejects that are described; those beyond are counted.
const DESCRIBED: usize = 1000;

const SIGNINS: &str = "mfa_signins";

/// A load, as it is asked for.
#[derive(Debug, Clone)]
pub struct Load {
    /// Files, patterns and folders.
    pub paths: Vec<String>,
    /// How many records may be rejected, of all files together.
    pub max_rejects: u64,
    /// Whether to wait for another load to end.
    pub wait: bool,
    /// Bytes of sign-ins that are kept in memory.
    pub memory: usize,
    /// Threads.
    pub threads: usize,
    /// Relations that are emptied first.
    pub replace: Vec<String>,
    /// What to do about damaged files of the lake.
    pub damaged: Damaged,
}

/// Hears how far a load is.
pub trait Progress: Sync {
    /// Another load is at work, and is waited for.
    fn waiting(&self) {}
    /// Files are being read, of this many bytes in all.
    fn reading(&self, _bytes: u64) {}
    /// This many bytes more have been read.
    fn read(&self, _bytes: u64) {}
    /// Files of the lake are being written: this many.
    fn writing(&self, _files: usize) {}
    /// One of them is done.
    fn wrote(&self) {}
}

/// Hears nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {}

/// What was loaded, and what was not.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// One for each file, and relation it gave rows for.
    pub accounts: Vec<Account>,
    /// The first rejects: file, record, why.
    pub rejects: Vec<(String, u64, String)>,
    /// Files of the lake that were left out as damaged.
    pub left_out: Vec<Damage>,
    /// The generation of the lake; as before when nothing was new.
    pub generation: u64,
    /// Whether anything was.
    pub is_changed: bool,
}

/// The account of one file. Rows + rejects + ignored = records.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Account {
    /// As it was named or found.
    pub file: String,
    /// The relation its rows are of; none when it was skipped.
    pub relation: Option<&'static str>,
    /// The reader, `list` or `policy`.
    pub source: Option<&'static str>,
    /// Records met.
    pub records: u64,
    /// Rows they gave.
    pub rows: u64,
    /// Records that could not be read.
    pub rejects: u64,
    /// Records that are not what is loaded.
    pub ignored: u64,
    /// Rows the lake did not have.
    pub added: u64,
    /// Rows that took the place of an earlier one.
    pub replaced: u64,
    /// Why it was skipped.
    pub skipped: Option<String>,
}

impl Report {
    /// Records that could not be read.
    pub fn rejected(&self) -> u64 {
        self.accounts.iter().map(|account| account.rejects).sum()
    }
}

/// One thing to read.
#[derive(Clone, Copy)]
enum Task {
    Log(&'static Reader, Parse),
    List(&'static SqlFile, Layout),
    Parquet(&'static SqlFile),
    Policy(&'static SqlFile),
}

impl Task {
    fn relation(self) -> Result<&'static SqlFile, LakeError> {
        match self {
            Self::Log(_, parse) => contract(&format!("mfa_{}", parse.rows())),
            Self::List(relation, _) | Self::Parquet(relation) | Self::Policy(relation) => Ok(relation),
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::Log(reader, _) => reader.name,
            Self::List(..) | Self::Parquet(_) => "list",
            Self::Policy(_) => "policy",
        }
    }
}

/// What a task gave.
#[derive(Default)]
struct Done {
    account: Account,
    rejects: Vec<(u64, String)>,
    /// Rows that are no sign-ins.
    batches: Vec<RecordBatch>,
}

impl Load {
    /// Loads into the lake in that folder, which is made where there is none.
    ///
    /// # Errors
    /// When something cannot be read or written, or more is rejected than tolerated. Then the lake is as it was.
    pub fn run(&self, root: &Path, progress: &dyn Progress) -> Result<Report, LakeError> {
        for relation in &self.replace {
            contract(relation)?;
        }
        let inputs = recognise::find(&self.paths, root)?;
        if inputs.iter().all(|input| matches!(input.kind, Kind::Other(_))) && self.replace.is_empty() {
            let why = inputs.first().map(|input| match &input.kind {
                Kind::Other(why) => format!("; '{}': {why}", input.path),
                _ => String::new(),
            });
            return Err(LakeError::Input(format!(
                "there is nothing to load in {}{}",
                self.paths.join(", "),
                why.unwrap_or_default()
            )));
        }
        let mut writing = Writing::begin(root, self, progress)?;
        let result = self.fill(&mut writing, inputs, progress);
        if result.is_err() {
            writing.give_up();
        }
        result
    }

    fn fill(&self, writing: &mut Writing, inputs: Vec<Input>, progress: &dyn Progress) -> Result<Report, LakeError> {
        let (tasks, others) = tasks(inputs);
        progress.reading(tasks.iter().map(|(input, _)| input.bytes).sum());
        let signins = contract(SIGNINS)?;
        let aside = writing.root.join(ASIDE);
        let gathered = Gathered::new(schema(signins), aside, self.memory)?;
        let rejected = AtomicU64::new(0);
        let logs = tasks.iter().map(|(input, task)| match task {
            Task::Log(reader, parse) => Log::new(input, reader, *parse).map(Some),
            _ => Ok(None),
        });
        let logs = logs.collect::<Result<Vec<_>, _>>()?;
        // Whoever finds no file left helps with those that are still being read.
        let helps = (1..self.threads).map(|_| None);
        let items: Vec<_> = (0..tasks.len()).map(Some).chain(helps).collect();
        let done = in_parallel(self.threads, &items, |item| {
            let Some(index) = *item else {
                for log in logs.iter().flatten().filter(|log| matches!(log.parse, Parse::SignIn(_))) {
                    self.read_log(log, &gathered, progress)?;
                }
                return Ok(Some(Done::default()));
            };
            // What was read up to here says enough.
            if rejected.load(Ordering::Relaxed) > self.max_rejects {
                return Ok(None);
            }
            let (input, task) = &tasks[index];
            let done = match &logs[index] {
                Some(log) => {
                    self.read_log(log, &gathered, progress)?;
                    rejected.fetch_add(log.rejects(), Ordering::Relaxed);
                    Done::default()
                }
                None => {
                    let done = self.read(input, *task, &gathered, progress)?;
                    rejected.fetch_add(done.account.rejects, Ordering::Relaxed);
                    done
                }
            };
            Ok(Some(done))
        })?;
        let mut done: Vec<_> = done.into_iter().map(|done| done.flatten().unwrap_or_default()).collect();
        for ((log, (_, task)), done) in logs.into_iter().zip(&tasks).zip(&mut done) {
            if let Some(log) = log {
                *done = log.done(task.relation()?.name);
            }
        }
        let mut report = Report { left_out: std::mem::take(&mut writing.left_out), ..Report::default() };
        let mut tables: BTreeMap<(&str, &str), Vec<(usize, RecordBatch)>> = BTreeMap::new();
        for ((input, task), done) in tasks.iter().zip(done) {
            let (index, relation) = (report.accounts.len(), task.relation()?.name);
            for (record, why) in done.rejects {
                if report.rejects.len() < DESCRIBED {
                    report.rejects.push((input.path.clone(), record, why));
                }
            }
            if relation != SIGNINS {
                let rows = tables.entry((relation, task.source())).or_default();
                rows.extend(done.batches.into_iter().map(|batch| (index, batch)));
            }
            report.accounts.push(done.account);
        }
        let rejects = report.rejected();
        if rejects > self.max_rejects {
            return Err(LakeError::TooManyRejects { rejects, max: self.max_rejects, report: Box::new(report) });
        }
        report.accounts.extend(others);

        let (finish, places) = gathered.take()?;
        progress.writing(places.len() + tables.len());
        let placed = in_parallel(self.threads, &places, |place| {
            let partition = signins::partition(place);
            let (there, _) = writing.files(SIGNINS, &partition);
            let placed = finish.place(&writing.root, place, &there)?;
            let file = match &placed.rows {
                Some((rows, times)) => {
                    Some(writing.write(signins, placed.partition, rows, *times, Some("event_time"))?)
                }
                None => None,
            };
            progress.wrote();
            Ok(Some((file, placed.new)))
        })?;
        let mut files = Vec::new();
        for (file, new) in placed.into_iter().flatten().flatten() {
            files.extend(file);
            for (path, count) in new {
                // A file of the contract's own form may name others as its source.
                let is_it = |account: &&mut Account| account.file == path && account.relation == Some(SIGNINS);
                if let Some(account) = report.accounts.iter_mut().find(is_it) {
                    account.added += count;
                }
            }
        }
        for ((relation, source), new) in tables {
            let relation = contract(relation)?;
            let source = source.to_owned();
            let partition = vec![source];
            let (there, _) = writing.files(relation.name, &partition);
            let there = match there.first() {
                Some(file) => Some(parquet::read(&writing.root.join(&file.path), &schema(relation), None)?),
                None => None,
            };
            let merged = tables::merge(relation, there, &new)?;
            for (index, (added, replaced)) in merged.counts {
                report.accounts[index].added += added;
                report.accounts[index].replaced += replaced;
            }
            // A list without rows is loaded, too: then it is known that there are none.
            if merged.is_changed || writing.manifest.files(relation.name).is_empty() {
                files.push(writing.write(relation, partition, &merged.rows, None, None)?);
            }
            progress.wrote();
        }
        report.is_changed = writing.commit(files)?;
        report.generation = writing.manifest.generation;
        Ok(report)
    }

    fn read(&self, input: &Input, task: Task, gathered: &Gathered, progress: &dyn Progress) -> Result<Done, LakeError> {
        let relation = task.relation()?;
        let account = Account {
            file: input.path.clone(),
            relation: Some(relation.name),
            source: Some(task.source()),
            ..Account::default()
        };
        let mut done = Done { account, ..Done::default() };
        let read = match task {
            // Those are read block by block.
            Task::Log(..) => return Ok(done),
            Task::List(relation, layout) => tables::list(&input.path, relation, layout, self.max_rejects)?,
            Task::Parquet(relation) => tables::parquet(&input.path, relation)?,
            Task::Policy(relation) => tables::policy(&input.path, relation)?,
        };
        progress.read(input.bytes);
        done.account.records = read.records;
        done.account.rejects = read.rejects.len() as u64;
        done.account.rows = read.batches.iter().map(|batch| batch.num_rows() as u64).sum();
        done.rejects = read.rejects;
        if relation.name == SIGNINS {
            for batch in read.batches {
                gathered.add(batch)?;
            }
        } else {
            done.batches = read.batches;
        }
        Ok(done)
    }

    /// Reads what nobody else reads of a log.
    fn read_log(&self, log: &Log, gathered: &Gathered, progress: &dyn Progress) -> Result<(), LakeError> {
        let mut failed = None;
        let read = log.reading.read_blocks(
            0,
            |spare| log.next_block(spare, progress),
            |batch| {
                let result = match log.parse {
                    Parse::SignIn(_) => gathered.add(batch),
                    _ => {
                        log.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
                        Ok(())
                    }
                };
                failed = result.err();
                failed.is_none() && log.rejects() <= self.max_rejects
            },
        );
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(LakeError::Input(error.message().into_owned())),
            (None, Ok(())) => Ok(()),
        }
    }
}

/// A log that is being read, by one thread or, where the order of rows does not matter, by several.
struct Log {
    input: Input,
    parse: Parse,
    reader: &'static Reader,
    reading: Reading,
    state: Mutex<State>,
    batches: Mutex<Vec<RecordBatch>>,
}

enum State {
    Unread,
    Open { stream: Box<Stream>, counted: Arc<AtomicU64>, reported: u64 },
    Done,
}

impl Log {
    fn new(input: &Input, reader: &'static Reader, parse: Parse) -> Result<Self, LakeError> {
        let history = Arc::new(History::default());
        let tolerance = Tolerance { fail: false, max_rejects: u64::MAX };
        let table = LogTable::find(reader, parse, tolerance, &[Some(input.path.clone())], &history);
        let reading = Reading::whole(table.map_err(LakeError::Input)?, BATCH);
        let (input, state, batches) = (input.clone(), Mutex::new(State::Unread), Mutex::default());
        Ok(Self { input, parse, reader, reading, state, batches })
    }

    /// The next block. It is cut off under a lock, which takes a fraction of what parsing it does.
    fn next_block(&self, spare: Vec<u8>, progress: &dyn Progress) -> io::Result<Option<Block>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Unread = *state {
            let counted = Arc::new(AtomicU64::new(0));
            let file = File::open(&self.input.path)?;
            let stream = Stream::open(Counting { file, counted: Arc::clone(&counted) }, self.reader.layout)?;
            *state = State::Open { stream: Box::new(stream), counted, reported: 0 };
        }
        let State::Open { stream, counted, reported } = &mut *state else {
            return Ok(None);
        };
        let block = stream.next_block(spare);
        let read = counted.load(Ordering::Relaxed);
        progress.read(read - *reported);
        *reported = read;
        if !matches!(block, Ok(Some(_))) {
            *state = State::Done;
        }
        block
    }

    fn rejects(&self) -> u64 {
        self.reading.account().map_or(0, |scan| scan.files[0].rejects.load(Ordering::Relaxed))
    }

    fn done(self, relation: &'static str) -> Done {
        let mut account = Account {
            file: self.input.path,
            relation: Some(relation),
            source: Some(self.reader.name),
            ..Account::default()
        };
        let mut rejects = Vec::new();
        if let Some(scan) = self.reading.account() {
            let counts = &scan.files[0];
            let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
            account.records = of(&counts.records);
            account.rows = of(&counts.rows);
            account.rejects = of(&counts.rejects);
            account.ignored = of(&counts.ignored);
            for rejected in scan.rejects().into_iter().take(DESCRIBED) {
                let column = rejected.reject.column.map(|column| format!(" ({column})")).unwrap_or_default();
                let why = format!("byte {}: {}{column}", rejected.offset, rejected.reject.category.explain());
                rejects.push((rejected.record, why));
            }
        }
        Done { account, rejects, batches: self.batches.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }
}

/// What is to be read, and the accounts of what is not.
fn tasks(inputs: Vec<Input>) -> (Vec<(Input, Task)>, Vec<Account>) {
    let (mut tasks, mut others) = (Vec::new(), Vec::new());
    for input in inputs {
        match &input.kind {
            Kind::Log(reader) => {
                let reader: &'static Reader = READERS.iter().find(|known| known.name == reader.name).unwrap_or(reader);
                // What else a log of sign-ins tells is not loaded with them: lists of it may be there, too.
                let is_signins = matches!(reader.parse[0], Parse::SignIn(_));
                for parse in reader.parse.iter().take(if is_signins { 1 } else { reader.parse.len() }) {
                    tasks.push((input.clone(), Task::Log(reader, *parse)));
                }
            }
            Kind::List(relation, layout) => tasks.push((input.clone(), Task::List(relation, *layout))),
            Kind::Parquet(relation) => tasks.push((input.clone(), Task::Parquet(relation))),
            Kind::Policy(relation) => tasks.push((input.clone(), Task::Policy(relation))),
            Kind::Other(why) => {
                others.push(Account { file: input.path.clone(), skipped: Some(why.clone()), ..Account::default() });
            }
        }
    }
    (tasks, others)
}

/// Does the work for every item, on several threads; answers in order. No more is begun after an error or a nothing.
fn in_parallel<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<Option<R>, LakeError> + Sync,
) -> Result<Vec<Option<Option<R>>>, LakeError> {
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<Option<Option<R>>>> = Mutex::new(items.iter().map(|_| None).collect());
    let failed: Mutex<Option<LakeError>> = Mutex::new(None);
    let one = || {
        while let Some((index, item)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).map(|item| (index, item))
        } {
            match work(item) {
                Ok(answer) => {
                    if answer.is_none() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    answers.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(answer);
                }
                Err(error) => {
                    next.store(items.len(), Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (1..threads.clamp(1, items.len().max(1)))
            .map(|_| thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, one))
            .collect::<io::Result<_>>()
            .map_err(|error| LakeError::io("cannot start a thread", error))?;
        one();
        for thread in threads {
            thread.join().map_err(|_| LakeError::Input("a thread of the load ended unexpectedly".to_owned()))?;
        }
        Ok::<_, LakeError>(())
    })?;
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(answers.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Counts what is read of a file.
struct Counting {
    file: File,
    counted: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.counted.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// A lake that is being written to.
struct Writing {
    root: PathBuf,
    manifest: Manifest,
    left_out: Vec<Damage>,
    /// Whether files were left out of the manifest, or relations are to be emptied.
    is_less: bool,
    unique: u64,
    written: AtomicUsize,
    /// Held until the load ends.
    _loading: File,
    reading: File,
}

impl Writing {
    fn begin(root: &Path, load: &Load, progress: &dyn Progress) -> Result<Self, LakeError> {
        let cannot = |error| LakeError::io(format!("cannot make a lake in '{}'", root.display()), error);
        let manifest = Manifest::read(root)?;
        if manifest.is_none() && root.exists() {
            let others = Manifest::default().others(root)?;
            if others.iter().any(|path| !is_ours(path)) {
                return Err(LakeError::NotALake { path: root.display().to_string() });
            }
        }
        fs::create_dir_all(root).map_err(cannot)?;
        let root = root.canonicalize().map_err(cannot)?;
        let open = |name: &str| {
            File::options().create(true).truncate(false).read(true).write(true).open(root.join(name)).map_err(cannot)
        };
        let loading = open(LOADING)?;
        match loading.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if load.wait => {
                progress.waiting();
                loading.lock().map_err(cannot)?;
            }
            Err(TryLockError::WouldBlock) => return Err(LakeError::Busy { path: root.display().to_string() }),
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let reading = open(READING)?;
        // Another load may have ended meanwhile.
        let mut manifest = Manifest::read(&root)?.unwrap_or_default();
        let left_out = manifest.damages(&root)?;
        if !left_out.is_empty() && load.damaged == Damaged::Refuse {
            return Err(LakeError::Damaged(left_out));
        }
        let before = manifest.clone();
        for files in manifest.relations.values_mut() {
            files.retain(|file| left_out.iter().all(|damage| damage.path != file.path));
        }
        for relation in &load.replace {
            manifest.relations.remove(relation);
        }
        let is_less = before != manifest;
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let writing = Self {
            root,
            manifest,
            left_out,
            is_less,
            unique: nanos as u64,
            written: AtomicUsize::new(0),
            _loading: loading,
            reading,
        };
        writing.clean(&before)?;
        Ok(writing)
    }

    /// Deletes what loads wrote that does not count, if nobody can be reading it.
    fn clean(&self, manifest: &Manifest) -> Result<(), LakeError> {
        let cannot = |error| LakeError::io("cannot delete what another load left", error);
        let aside = self.root.join(ASIDE);
        if aside.exists() {
            fs::remove_dir_all(&aside).map_err(cannot)?;
        }
        if self.reading.try_lock().is_ok() {
            for path in manifest.others(&self.root)?.into_iter().filter(|path| is_ours(path)) {
                fs::remove_file(path).map_err(cannot)?;
            }
            self.reading.unlock().map_err(cannot)?;
        }
        fs::create_dir_all(&aside).map_err(cannot)
    }

    /// The files of a partition, and whether there are any.
    fn files(&self, relation: &str, partition: &[String]) -> (Vec<&DataFile>, bool) {
        let files: Vec<_> = self.manifest.files(relation).iter().filter(|file| file.partition == partition).collect();
        let is_any = !files.is_empty();
        (files, is_any)
    }

    /// Writes a file of a partition aside.
    fn write(
        &self,
        relation: &'static SqlFile,
        partition: Vec<String>,
        rows: &RecordBatch,
        times: Option<(i64, i64)>,
        by: Option<&str>,
    ) -> Result<(&'static str, DataFile), LakeError> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let name = format!("load-{:06x}-{:x}{number:06x}.parquet", self.manifest.generation + 1, self.unique);
        let names: &[&str] = if relation.name == SIGNINS { &["provider", "day"] } else { &["source"] };
        let folders = names.iter().zip(&partition).map(|(name, value)| format!("{name}={}", folder_name(value)));
        let folder = relation.name.trim_start_matches("mfa_").to_owned();
        let path = std::iter::once(folder).chain(folders).chain([name]).collect::<Vec<_>>().join("/");
        let bytes = parquet::write(&self.root.join(ASIDE).join(&path), &rows.schema(), std::slice::from_ref(rows), by)?;
        Ok((relation.name, DataFile { path, rows: rows.num_rows() as u64, bytes, partition, times }))
    }

    /// Puts the files in the place of those of the same partitions; whether that changes anything.
    fn commit(&mut self, files: Vec<(&'static str, DataFile)>) -> Result<bool, LakeError> {
        if files.is_empty() && !self.is_less {
            self.remove_aside();
            return Ok(false);
        }
        let before = self.manifest.clone();
        let mut folders = HashMap::new();
        for (relation, file) in files {
            let path = self.root.join(&file.path);
            let cannot = |error| LakeError::io(format!("cannot write '{}'", path.display()), error);
            let folder = path.parent().unwrap_or(&self.root).to_owned();
            if !folders.contains_key(&folder) {
                fs::create_dir_all(&folder).map_err(cannot)?;
            }
            fs::rename(self.root.join(ASIDE).join(&file.path), &path).map_err(cannot)?;
            folders.insert(folder, ());
            let of_relation = self.manifest.relations.entry(relation.to_owned()).or_default();
            of_relation.retain(|known| known.partition != file.partition);
            of_relation.push(file);
        }
        for files in self.manifest.relations.values_mut() {
            files.sort_by(|a, b| a.path.cmp(&b.path));
        }
        // Folders that are new are entries of those above them.
        let mut above: Vec<PathBuf> = folders.into_keys().collect();
        let mut all = std::collections::BTreeSet::new();
        while let Some(folder) = above.pop() {
            if folder.starts_with(&self.root) && all.insert(folder.clone()) {
                above.extend(folder.parent().map(Path::to_owned));
            }
        }
        for folder in all {
            sync_folder(&folder).map_err(|error| LakeError::io("cannot make the lake last", error))?;
        }
        self.manifest.generation = before.generation + 1;
        self.manifest.replace(&self.root)?;
        // Whoever still reads the lake as it was keeps its files until the next load.
        if self.reading.try_lock().is_ok() {
            let live: std::collections::HashSet<_> =
                self.manifest.relations.values().flatten().map(|file| file.path.as_str()).collect();
            for file in before.relations.values().flatten() {
                if !live.contains(file.path.as_str()) {
                    let _ = fs::remove_file(self.root.join(&file.path));
                }
            }
            let _ = self.reading.unlock();
        }
        self.remove_aside();
        Ok(true)
    }

    fn remove_aside(&self) {
        let _ = fs::remove_dir_all(self.root.join(ASIDE));
    }

    /// Leaves the lake as it was.
    fn give_up(&self) {
        self.remove_aside();
        let counts = Manifest::read(&self.root).ok().flatten().unwrap_or_default();
        // Files that were moved already have names of this load.
        for path in counts.others(&self.root).unwrap_or_default() {
            if is_ours(&path) && below(&self.root, &path).contains(&format!("-{:x}", self.unique)) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// A value as the name of a folder, as Hive escapes it.
fn folder_name(value: &str) -> String {
    let mut name = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

impl From<datafusion::arrow::error::ArrowError> for LakeError {
    fn from(error: datafusion::arrow::error::ArrowError) -> Self {
        Self::Engine(DataFusionError::from(error))
    }
}
