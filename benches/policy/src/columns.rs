//! The rows as an engine keeps them: one buffer for each column, lists by offsets, texts as 16-byte views.

use crate::rows::{Exception, Factor, Form, Row};

/// Which values are there, as bits.
#[derive(Default)]
pub(crate) struct Validity {
    bits: Vec<u64>,
    count: usize,
}

impl Validity {
    fn push(&mut self, is_valid: bool) {
        if self.count.is_multiple_of(64) {
            self.bits.push(0);
        }
        self.bits[self.count / 64] |= u64::from(is_valid) << (self.count % 64);
        self.count += 1;
    }

    #[inline]
    pub(crate) fn at(&self, index: usize) -> bool {
        self.bits[index / 64] >> (index % 64) & 1 == 1
    }

    /// Calls a function for each missing value of a run; few are.
    #[inline(always)]
    pub(crate) fn each_missing(&self, from: usize, count: usize, mut each: impl FnMut(usize)) {
        let end = from + count;
        let mut at = from / 64 * 64;
        while at < end {
            let mut missing = !self.bits[at / 64];
            if at < from {
                missing &= u64::MAX << (from - at);
            }
            if end - at < 64 {
                missing &= (1 << (end - at)) - 1;
            }
            while missing != 0 {
                each(at + missing.trailing_zeros() as usize - from);
                missing &= missing - 1;
            }
            at += 64;
        }
    }
}

/// A text: its length and, up to twelve bytes, the text itself; of a longer one four bytes and where it is.
pub(crate) type View = [u64; 2];

pub(crate) const INLINE: usize = 12;

#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) views: Vec<View>,
    pub(crate) heap: Vec<u8>,
    pub(crate) valid: Validity,
}

/// The view of a text that is, or will be, at that place of the heap.
pub(crate) fn view(text: &[u8], at: usize) -> View {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
    if text.len() <= INLINE {
        bytes[4..4 + text.len()].copy_from_slice(text);
    } else {
        bytes[4..8].copy_from_slice(&text[..4]);
        bytes[8..].copy_from_slice(&(at as u64).to_le_bytes());
    }
    let (first, rest) = bytes.split_at(8);
    [first, rest].map(|half| u64::from_le_bytes(half.try_into().expect("a half has eight bytes")))
}

impl Texts {
    fn push(&mut self, text: Option<&str>) {
        let text_or_empty = text.unwrap_or_default();
        self.views.push(view(text_or_empty.as_bytes(), self.heap.len()));
        if text_or_empty.len() > INLINE {
            self.heap.extend_from_slice(text_or_empty.as_bytes());
        }
        self.valid.push(text.is_some());
    }

    /// The text of a row, where there is one.
    pub(crate) fn get(&self, index: usize) -> Option<Vec<u8>> {
        self.valid.at(index).then(|| {
            let [first, rest] = self.views[index];
            let length = first as u32 as usize;
            if length <= INLINE {
                let bytes = [first.to_le_bytes(), rest.to_le_bytes()].concat();
                bytes[4..4 + length].to_vec()
            } else {
                self.heap[rest as usize..][..length].to_vec()
            }
        })
    }
}

#[derive(Default)]
pub(crate) struct Values<T> {
    pub(crate) values: Vec<T>,
    pub(crate) valid: Validity,
}

impl<T: Copy + Default> Values<T> {
    fn push(&mut self, value: Option<T>) {
        self.values.push(value.unwrap_or_default());
        self.valid.push(value.is_some());
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<T> {
        self.valid.at(index).then(|| self.values[index])
    }
}

/// Where the elements of each list are. The elements are columns of their own.
pub(crate) struct Lists {
    pub(crate) offsets: Vec<u32>,
    pub(crate) valid: Validity,
}

impl Default for Lists {
    fn default() -> Self {
        Self { offsets: vec![0], valid: Validity::default() }
    }
}

impl Lists {
    fn push(&mut self, length: Option<usize>) {
        let end = self.offsets[self.offsets.len() - 1] + length.unwrap_or_default() as u32;
        self.offsets.push(end);
        self.valid.push(length.is_some());
    }

    #[inline]
    pub(crate) fn range(&self, index: usize) -> std::ops::Range<usize> {
        self.offsets[index] as usize..self.offsets[index + 1] as usize
    }
}

#[derive(Default)]
pub(crate) struct TextLists {
    pub(crate) lists: Lists,
    pub(crate) texts: Texts,
}

impl TextLists {
    fn push<'t>(&mut self, list: Option<impl ExactSizeIterator<Item = Option<&'t str>>>) {
        self.lists.push(list.as_ref().map(ExactSizeIterator::len));
        list.into_iter().flatten().for_each(|text| self.texts.push(text));
    }
}

#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) rows: usize,
    pub(crate) id: Texts,
    pub(crate) population: Texts,
    pub(crate) roles: TextLists,
    pub(crate) privileged: Values<bool>,
    pub(crate) department: Texts,
    pub(crate) region: Texts,
    pub(crate) created_at: Values<i64>,
    pub(crate) fallback_started_at: Values<i64>,
    factors: Lists,
    method: Texts,
    status: Texts,
    attested: Values<bool>,
    /// The methods of active factors.
    names: TextLists,
    pub(crate) app: Validity,
    pub(crate) sensitivity: Texts,
    pub(crate) session: Validity,
    pub(crate) signals: TextLists,
    pub(crate) protocol: Texts,
    pub(crate) transaction: Texts,
    pub(crate) used_methods: TextLists,
    pub(crate) mfa_at: Values<i64>,
    pub(crate) federated: Values<bool>,
    pub(crate) federation_attested: Values<bool>,
    pub(crate) exceptions: Exceptions,
}

#[derive(Default)]
pub(crate) struct Exceptions {
    pub(crate) lists: Lists,
    pub(crate) criterion: Texts,
    pub(crate) starts_at: Values<i64>,
    pub(crate) expires_at: Values<i64>,
    pub(crate) approvers: TextLists,
    pub(crate) attested_at: Values<i64>,
    pub(crate) scope: Texts,
}

/// Columns of factors, as many as there are.
pub(crate) struct Factors<'c> {
    pub(crate) lists: &'c Lists,
    pub(crate) method: &'c Texts,
    pub(crate) status: Option<&'c Texts>,
    pub(crate) attested: Option<&'c Values<bool>>,
}

impl Columns {
    pub(crate) fn factors(&self, form: Form) -> Factors<'_> {
        let (lists, method) = match form {
            Form::Full | Form::Plain => (&self.factors, &self.method),
            Form::Names => (&self.names.lists, &self.names.texts),
        };
        Factors {
            lists,
            method,
            status: (form != Form::Names).then_some(&self.status),
            attested: (form == Form::Full).then_some(&self.attested),
        }
    }

    pub(crate) fn push(&mut self, row: &Row) {
        self.rows += 1;
        self.id.push(Some(&row.id));
        self.population.push(row.population);
        self.roles.push(row.roles.as_ref().map(|list| list.iter().copied()));
        self.privileged.push(row.privileged);
        self.department.push(row.department);
        self.region.push(row.region);
        self.created_at.push(row.created_at);
        self.fallback_started_at.push(row.fallback_started_at);
        self.factors.push(row.factors.as_ref().map(Vec::len));
        self.names.push(row.names().as_ref().map(|list| list.iter().copied()));
        for Factor { method, status, attested } in row.factors.iter().flatten() {
            self.method.push(*method);
            self.status.push(*status);
            self.attested.push(*attested);
        }
        self.app.push(row.app.is_some());
        self.sensitivity.push(row.app.as_ref().and_then(|app| app.sensitivity));
        let session = row.session.as_ref();
        self.session.push(session.is_some());
        self.signals.push(session.and_then(|session| session.signals.as_ref()).map(|list| list.iter().copied()));
        self.protocol.push(session.and_then(|session| session.protocol));
        self.transaction.push(session.and_then(|session| session.transaction));
        let used_methods = session.and_then(|session| session.used_methods.as_ref());
        self.used_methods.push(used_methods.map(|list| list.iter().copied()));
        self.mfa_at.push(session.and_then(|session| session.mfa_at));
        self.federated.push(session.and_then(|session| session.federated));
        self.federation_attested.push(session.and_then(|session| session.federation_attested));
        self.exceptions.push(row.exceptions.as_deref());
    }
}

/// Reads all of a buffer; answers something that depends on every part of it.
trait Read {
    fn read(&self) -> u64;
}

macro_rules! read {
    ($($of:ty: $self:ident => $read:expr;)*) => {
        $(impl Read for $of {
            fn read(&self) -> u64 {
                let $self = self;
                $read
            }
        })*
    };
}

read! {
    Validity: it => it.bits.iter().fold(0, |all, bits| all ^ bits);
    Texts: it => it.views.iter().fold(it.valid.read(), |all, [first, rest]| all ^ first ^ rest);
    Values<bool>: it => it.values.iter().fold(it.valid.read(), |all, value| all ^ u64::from(*value));
    Values<i64>: it => it.values.iter().fold(it.valid.read(), |all, value| all ^ *value as u64);
    Lists: it => it.offsets.iter().fold(it.valid.read(), |all, offset| all ^ u64::from(*offset));
    TextLists: it => it.lists.read() ^ it.texts.read();
}

impl Columns {
    /// Reads every buffer that a decision needs of most rows, and does nothing with it.
    pub(crate) fn read(&self, form: Form) -> u64 {
        let factors = self.factors(form);
        let status = factors.status.map_or(0, Read::read);
        let attested = factors.attested.map_or(0, Read::read);
        let buffers: [&dyn Read; 20] = [
            &self.population,
            &self.roles,
            &self.privileged,
            &self.department,
            &self.region,
            &self.created_at,
            &self.fallback_started_at,
            factors.lists,
            factors.method,
            &self.app,
            &self.sensitivity,
            &self.session,
            &self.signals,
            &self.protocol,
            &self.transaction,
            &self.used_methods,
            &self.mfa_at,
            &self.federated,
            &self.federation_attested,
            &self.exceptions.lists,
        ];
        buffers.into_iter().fold(status ^ attested, |all, buffer| all ^ buffer.read())
    }
}

impl Exceptions {
    fn push(&mut self, exceptions: Option<&[Exception]>) {
        self.lists.push(exceptions.map(<[_]>::len));
        for exception in exceptions.into_iter().flatten() {
            self.criterion.push(exception.criterion);
            self.starts_at.push(exception.starts_at);
            self.expires_at.push(exception.expires_at);
            self.approvers.push(exception.approvers.as_ref().map(|list| list.iter().map(Option::as_deref)));
            self.attested_at.push(exception.attested_at);
            self.scope.push(exception.scope);
        }
    }
}
