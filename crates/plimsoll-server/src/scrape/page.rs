//! The answers of one target, read line by line.
//!
//! A page comes again and again with the same series in the same order. So the text of each series is remembered with the
//! place where its value goes: the usual line costs a comparison with the text that is expected next, a number and a write.
//! Only what is new is taken apart.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

use super::context::{Context, Format, OUT_OF_TIME};
use super::family::Family;
use super::lexer::{self, Malformed, Reading};
use super::places::{Place, Refused};
use super::refusals::Refusals;
use super::tables::{Moment, Rows};
use crate::config::scrape::ScrapeTarget;
use crate::store::table::{Nanos, Table};

/// Series are known by number for this long; then they are looked up anew, well before the store forgets idle ones.
const REMEMBERED: Nanos = 12 * 3_600 * 1_000_000_000;
/// So many series more than an answer has are remembered, beside as many again.
const SPARE: usize = 1_000;

/// What is remembered of a target.
#[derive(Debug)]
pub(super) struct Page {
    /// Tags of all rows, sorted by name.
    pub(super) tags: Vec<(String, String)>,
    series_max: usize,
    pub(super) entries: Vec<Entry>,
    by_text: HashTable<u32>,
    hasher: RandomState,
    /// The samples of the answer before, and of this one, in their order.
    order: Vec<u32>,
    read: Vec<u32>,
    pub(super) rows: Vec<Rows>,
    pub(super) by_measurement: HashMap<Arc<str>, u32, RandomState>,
    /// Where the row of a series is, by its key.
    pub(super) by_series: HashMap<Arc<[u8]>, (u32, u32), RandomState>,
    layouts: Vec<Arc<[f64]>>,
    pub(super) scrape: u32,
    /// The time of the answer before, if it was good.
    before: Option<Nanos>,
    /// Since when series are remembered.
    since: Option<Nanos>,
    /// Whether requests were told by the old convention alone.
    pub(super) has_old_requests: bool,
}

/// A series' text and where its value goes.
#[derive(Debug)]
pub(super) struct Entry {
    text: Box<[u8]>,
    /// Its family's name and type, as a number.
    family: u64,
    /// The scrape that had it last.
    pub(super) scrape: u32,
    place: Place,
}

/// What an answer held.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) tables: Vec<Table>,
    /// Lines with a sample that was understood.
    pub(super) samples: u64,
    /// Of these, how many were seen for the first time.
    pub(super) added: u64,
    pub(super) refusals: Refusals,
}

impl Page {
    pub(super) fn new(target: &ScrapeTarget) -> Self {
        let mut tags = target.labels.clone();
        for (name, value) in [
            ("job", &target.job),
            ("instance", &target.instance),
            ("service", &target.service),
        ] {
            tags.push((name.to_owned(), value.clone()));
        }
        tags.sort();
        Self {
            tags,
            series_max: target.series_max,
            entries: Vec::new(),
            by_text: HashTable::new(),
            hasher: RandomState::default(),
            order: Vec::new(),
            read: Vec::new(),
            rows: Vec::new(),
            by_measurement: HashMap::default(),
            by_series: HashMap::default(),
            layouts: Vec::new(),
            scrape: 0,
            before: None,
            since: None,
            has_old_requests: false,
        }
    }

    /// Forgets everything before the next answer is read.
    pub(super) fn read_anew(&mut self) {
        self.since = None;
    }

    /// The target did not answer: what comes next may be another process.
    pub(super) fn missed(&mut self) {
        self.before = None;
    }

    /// Reads an answer.
    pub(super) fn read(&mut self, context: &Context<'_>) -> Answer {
        if self
            .since
            .is_none_or(|since| context.now.saturating_sub(since) > REMEMBERED)
        {
            self.forget();
            self.since = Some(context.now);
        }
        self.scrape += 1;
        self.read.clear();
        let mut answer = Answer::default();
        let mut family = Family::default();
        let mut family_number = 0;
        let mut next = 0;
        let mut ended = false;
        let text = context.text;
        let mut at = 0;
        while at < text.len() {
            let start = lexer::skip_blanks(text, at);
            match text.get(start) {
                None => break,
                Some(b'\n') => {
                    at = start + 1;
                    continue;
                }
                Some(b'#') => {
                    let end = line_end(text, start);
                    let comment = &text[start..end];
                    if comment == b"# EOF" && context.format == Format::OpenMetrics {
                        ended = true;
                        break;
                    }
                    // Most are `# HELP`.
                    if comment.get(2) != Some(&b'H') {
                        family.comment(comment);
                        family_number = self.hasher.hash_one((&family.name, family.kind as u8));
                    }
                    at = end + 1;
                    continue;
                }
                Some(_) => {}
            }
            // What follows is expected: the series that stood here the last time.
            let expected = self.order.get(next).filter(|&&expected| {
                let entry = &self.entries[expected as usize];
                let rest = &text[start..];
                entry.family == family_number
                    && rest.starts_with(&entry.text)
                    && rest.get(entry.text.len()) == Some(&b' ')
                    && rest.get(entry.text.len() + 1) != Some(&b'{')
                    && self.is_home(&entry.place)
            });
            if let Some(&entry) = expected {
                next += 1;
                let from = start + self.entries[entry as usize].text.len();
                at = line_end(text, from) + 1;
                let rest = &text[from..(at - 1).min(text.len())];
                match lexer::reading(rest) {
                    Ok(reading) => {
                        self.put(entry, reading, context, &text[start..from], &mut answer)
                    }
                    Err(reason) => refuse(&mut answer, reason, &text[start..from + rest.len()]),
                }
                continue;
            }
            let end = line_end(text, start);
            at = end + 1;
            let line = &text[start..end];
            match self.find(line, &family, family_number, context, &mut answer) {
                Ok(Some((entry, from))) => match lexer::reading(&line[from..]) {
                    Ok(reading) => {
                        self.put(entry, reading, context, line, &mut answer);
                        next = self.after(entry, next);
                    }
                    Err(reason) => refuse(&mut answer, reason, line),
                },
                Ok(None) => {}
                Err(reason) => refuse(&mut answer, reason, line),
            }
        }
        if context.format == Format::OpenMetrics && !ended {
            answer
                .refusals
                .add("does not end with # EOF: samples may be missing", b"");
        }
        std::mem::swap(&mut self.order, &mut self.read);
        self.finish(context, &mut answer);
        answer
    }

    /// Makes tables of what was read.
    fn finish(&mut self, context: &Context<'_>, answer: &mut Answer) {
        let may_have = |measurement: &str, time| context.may_have(measurement, time);
        let moment = Moment {
            may_have: &may_have,
            scrape: self.scrape,
            time: context.time,
            before: self.before,
        };
        for rows in &mut self.rows {
            rows.take(
                moment,
                &mut self.layouts,
                &mut answer.refusals,
                &mut answer.tables,
            );
        }
        self.before = Some(context.time);
        if self.entries.len() > 2 * self.order.len() + SPARE
            || self.entries.len() >= self.series_max && self.order.len() < self.entries.len()
        {
            // Most of what is remembered no longer comes, or takes the room of what does.
            self.read_anew();
        }
    }

    fn forget(&mut self) {
        self.entries.clear();
        self.by_text.clear();
        self.order.clear();
        self.rows.clear();
        self.by_measurement.clear();
        self.by_series.clear();
        self.layouts.clear();
        self.has_old_requests = false;
        // Nothing that comes now is known to be new.
        self.before = None;
    }

    /// The entry of a line and where its value stands. `None`: it has no place, which is counted.
    fn find(
        &mut self,
        line: &[u8],
        family: &Family,
        family_number: u64,
        context: &Context<'_>,
        answer: &mut Answer,
    ) -> Result<Option<(u32, usize)>, Malformed> {
        let from = lexer::series_end(line)?;
        let text = &line[..from];
        let hash = self.hasher.hash_one(text);
        let entries = &self.entries;
        let known = self
            .by_text
            .find(hash, |&at| *entries[at as usize].text == *text)
            .copied();
        let is_good = |&at: &u32| {
            let entry = &entries[at as usize];
            entry.family == family_number && self.is_home(&entry.place)
        };
        if let Some(known) = known.filter(is_good) {
            return Ok(Some((known, from)));
        }
        if known.is_none() && self.entries.len() >= self.series_max {
            let most = self.series_max;
            let reason = format!("is beyond the {most} samples of `series_max`");
            answer.refusals.add(&reason, line);
            return Ok(None);
        }
        // A line without a value takes no room.
        lexer::reading(&line[from..])?;
        let number = known.unwrap_or(self.entries.len() as u32);
        let place = match self.place(text, number, family, context, self.before) {
            Ok(place) => place,
            Err(Refused::Malformed(reason)) => return Err(reason),
            Err(Refused::SeriesLimit(reason)) => {
                answer.refusals.over_series_limit += 1;
                answer.refusals.add(&reason, line);
                return Ok(None);
            }
            Err(Refused::Other(reason)) => {
                answer.refusals.add(&reason, line);
                return Ok(None);
            }
        };
        match known {
            Some(known) => {
                let entry = &mut self.entries[known as usize];
                (entry.family, entry.place) = (family_number, place);
            }
            None => {
                answer.added += 1;
                self.entries.push(Entry {
                    text: text.into(),
                    family: family_number,
                    scrape: 0,
                    place,
                });
                let (entries, hasher) = (&self.entries, &self.hasher);
                let hash_of = |&at: &u32| hasher.hash_one(&*entries[at as usize].text);
                self.by_text.insert_unique(hash, number, hash_of);
            }
        }
        Ok(Some((number, from)))
    }

    /// Where the order goes on behind an entry that was not expected.
    fn after(&self, entry: u32, next: usize) -> usize {
        /// So far it is looked for.
        const NEAR: usize = 64;
        let near = self.order.iter().skip(next).take(NEAR);
        let skipped = near.clone().position(|&at| at == entry);
        skipped.map_or(next, |skipped| next + skipped + 1)
    }

    /// Puts a value where it goes.
    #[inline]
    fn put(
        &mut self,
        number: u32,
        reading: Reading<'_>,
        context: &Context<'_>,
        line: &[u8],
        answer: &mut Answer,
    ) {
        let scrape = self.scrape;
        let entry = &mut self.entries[number as usize];
        if entry.scrape == scrape {
            return answer.refusals.add("is there twice", line);
        }
        answer.samples += 1;
        entry.scrape = scrape;
        self.read.push(number);
        let Place { rows, row, .. } = entry.place;
        let rows = &mut self.rows[rows as usize];
        let row = row as usize;
        if let Some(timestamp) = reading.timestamp {
            match context.own_time(timestamp, rows) {
                // The same value again, or an older one.
                Ok(time) if !rows.set_time(row, time) => return,
                Ok(_) => {}
                Err(reason) => {
                    if reason == OUT_OF_TIME {
                        answer.refusals.out_of_time += 1;
                    }
                    return answer.refusals.add(reason, line);
                }
            }
        }
        if let Err(reason) = entry.place.put(rows, reading.value, scrape) {
            answer.refusals.add(reason, line);
        }
    }
}

#[cold]
fn refuse(answer: &mut Answer, reason: Malformed, line: &[u8]) {
    answer.refusals.add(&reason.to_string(), line);
}

#[inline]
fn line_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |length| from + length)
}
