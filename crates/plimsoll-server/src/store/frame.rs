//! Frames: what every file of the store is made of.
//!
//! `magic (3) | format (1) | kind (1) | length (4) | crc32c of all but magic and itself (4) | payload`, little-endian.
//! A reader that meets damage looks for the next magic whose checksum holds, and tells what it passed over.

use std::fs::File;
use std::os::unix::fs::FileExt;

const MAGIC: [u8; 3] = [0x93, b'P', b'L'];

/// The format that this server writes and reads. A change of any payload raises it.
pub(crate) const FORMAT: u8 = 1;

/// Bytes before the payload.
pub(crate) const HEADER: usize = 13;

/// The longest payload.
pub(crate) const MAX_PAYLOAD: usize = 128 << 20;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first of a file: what the file is.
    File = 1,
    /// Rows of one write.
    Batch = 2,
    /// Sealed rows.
    Block = 3,
    /// Where the blocks of one seal are.
    Index = 4,
    /// The end of a seal: what stands before it counts.
    Commit = 5,
    /// Nothing, up to the end of a page.
    Padding = 6,
}

impl Kind {
    fn of(byte: u8) -> Option<Kind> {
        [
            Kind::File,
            Kind::Batch,
            Kind::Block,
            Kind::Index,
            Kind::Commit,
            Kind::Padding,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
    }
}

/// A buffer to put a payload in.
pub(crate) fn begin(capacity: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER + capacity);
    frame.resize(HEADER, 0);
    frame
}

/// Makes the frame that begins at `start` whole.
pub(crate) fn finish(buffer: &mut [u8], start: usize, kind: Kind) {
    let (header, payload) = buffer[start..].split_at_mut(HEADER);
    let length = u32::try_from(payload.len()).expect("callers bound their payloads");
    header[..3].copy_from_slice(&MAGIC);
    header[3] = FORMAT;
    header[4] = kind as u8;
    header[5..9].copy_from_slice(&length.to_le_bytes());
    let checksum = checksum(&header[3..9], payload);
    header[9..].copy_from_slice(&checksum.to_le_bytes());
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(header), payload)
}

/// One frame of a file.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) start: u64,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// First byte after the frame.
    pub(crate) fn end(&self) -> u64 {
        self.start + (HEADER + self.payload.len()) as u64
    }
}

/// Bytes of a file that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// At the end of the file, and as a write leaves it that was cut short.
    pub(crate) unfinished: bool,
}

/// What stands at a place of a file.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    Frame(Frame),
    Hole(Hole),
    /// A whole frame of another format.
    Foreign {
        format: u8,
    },
}

/// Reads the frame of `length` bytes at `start`, in one read.
pub(crate) fn read_known(file: &File, start: u64, length: usize) -> Option<Frame> {
    let mut bytes = vec![0; length.max(HEADER)];
    file.read_exact_at(&mut bytes, start).ok()?;
    let payload = bytes.split_off(HEADER);
    let header: [u8; HEADER] = bytes.try_into().ok()?;
    (self::length(&header)? == payload.len()).then_some(())?;
    let kind = Kind::of(header[4])?;
    (header[3] == FORMAT && checksum(&header[3..9], &payload).to_le_bytes() == header[9..])
        .then_some(())?;
    Some(Frame {
        kind,
        start,
        payload,
    })
}

fn length(header: &[u8; HEADER]) -> Option<usize> {
    let length = u32::from_le_bytes([header[5], header[6], header[7], header[8]]) as usize;
    (header[..3] == MAGIC && length <= MAX_PAYLOAD).then_some(length)
}

/// Walks through a file from frame to frame.
pub(crate) struct Frames<'a> {
    file: &'a File,
    at: u64,
    end: u64,
    /// A frame found behind a hole, told after it.
    next: Option<Found>,
}

/// How much is read at once when looking for a magic.
const WINDOW: usize = 64 << 10;

impl<'a> Frames<'a> {
    /// The frames that begin in `start..end`; `end` is where a frame or the file ends.
    pub(crate) fn new(file: &'a File, start: u64, end: u64) -> Frames<'a> {
        Frames {
            file,
            at: start,
            end,
            next: None,
        }
    }

    /// The frame at a place: `None` when there is none, of whatever format otherwise.
    fn probe(&self, start: u64) -> Option<(Found, u64)> {
        let mut header = [0; HEADER];
        if start + HEADER as u64 > self.end {
            return None;
        }
        self.file.read_exact_at(&mut header, start).ok()?;
        let length = length(&header)?;
        let end = start + (HEADER + length) as u64;
        if end > self.end {
            return None;
        }
        let mut payload = vec![0; length];
        self.file
            .read_exact_at(&mut payload, start + HEADER as u64)
            .ok()?;
        if checksum(&header[3..9], &payload).to_le_bytes() != header[9..] {
            return None;
        }
        match Kind::of(header[4]).filter(|_| header[3] == FORMAT) {
            Some(kind) => Some((
                Found::Frame(Frame {
                    kind,
                    start,
                    payload,
                }),
                end,
            )),
            None => Some((Found::Foreign { format: header[3] }, end)),
        }
    }

    /// The first place after `start` where a whole frame begins, with it.
    fn search(&self, start: u64) -> Option<(u64, Found, u64)> {
        let mut at = start + 1;
        let mut window = vec![0; WINDOW];
        while at + HEADER as u64 <= self.end {
            let length = WINDOW.min((self.end - at) as usize);
            self.read_what_can_be_read(&mut window[..length], at);
            for offset in memchr::memmem::find_iter(&window[..length], &MAGIC) {
                let place = at + offset as u64;
                if let Some((found, end)) = self.probe(place) {
                    return Some((place, found, end));
                }
            }
            at += (length - (MAGIC.len() - 1)).max(1) as u64;
        }
        None
    }

    /// What the disk cannot read counts as zeros: a hole like another.
    fn read_what_can_be_read(&self, window: &mut [u8], at: u64) {
        if self.file.read_exact_at(window, at).is_err() {
            for (page, bytes) in window.chunks_mut(4096).enumerate() {
                if self
                    .file
                    .read_exact_at(bytes, at + page as u64 * 4096)
                    .is_err()
                {
                    bytes.fill(0);
                }
            }
        }
    }

    /// Whether `start..end` of the file looks like a write that was cut short: a header that promises more than there is, or zeros.
    fn cut_short(&self, start: u64) -> bool {
        let mut head = [0; HEADER];
        let length = HEADER.min((self.end - start) as usize);
        if self.file.read_exact_at(&mut head[..length], start).is_err() {
            return false;
        }
        if length < HEADER {
            return true;
        }
        match self::length(&head) {
            Some(length) => start + (HEADER + length) as u64 > self.end,
            None => head == [0; HEADER],
        }
    }
}

impl Iterator for Frames<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        if self.at >= self.end {
            return None;
        }
        if let Some((found, end)) = self.probe(self.at) {
            self.at = end;
            return Some(found);
        }
        let start = self.at;
        let hole = match self.search(start) {
            Some((place, found, end)) => {
                self.at = end;
                self.next = Some(found);
                Hole {
                    start,
                    end: place,
                    unfinished: false,
                }
            }
            None => {
                self.at = self.end;
                Hole {
                    start,
                    end: self.end,
                    unfinished: self.cut_short(start),
                }
            }
        };
        Some(Found::Hole(hole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut frame = begin(payload.len());
        frame.extend_from_slice(payload);
        finish(&mut frame, 0, Kind::Batch);
        frame
    }

    fn found(bytes: &[u8]) -> Vec<Found> {
        Frames::new(&file_of(bytes), 0, bytes.len() as u64).collect()
    }

    #[test]
    fn frames_come_back_in_order() {
        let bytes = [frame(b"one"), frame(b""), frame(b"three")].concat();
        let payloads: Vec<_> = found(&bytes)
            .into_iter()
            .map(|found| match found {
                Found::Frame(frame) => frame.payload,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(payloads, [b"one".to_vec(), b"".to_vec(), b"three".to_vec()]);
    }

    #[test]
    fn every_flipped_bit_costs_its_frame_and_no_other() {
        let bytes = [frame(b"first"), frame(b"second"), frame(b"third")].concat();
        let hit = frame(b"first").len()..frame(b"first").len() + frame(b"second").len();
        for bit in hit.start * 8..hit.end * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let found = found(&damaged);
            let hole = Hole {
                start: hit.start as u64,
                end: hit.end as u64,
                unfinished: false,
            };
            assert!(
                found.len() == 3 && found[1] == Found::Hole(hole),
                "bit {bit}: {found:?}"
            );
        }
    }

    #[test]
    fn a_write_that_was_cut_short_is_told_from_damage() {
        let bytes = [frame(b"first"), frame(b"second")].concat();
        for cut in 1..frame(b"second").len() {
            let found = found(&bytes[..bytes.len() - cut]);
            assert!(
                matches!(
                    found[1],
                    Found::Hole(Hole {
                        unfinished: true,
                        ..
                    })
                ),
                "{found:?}"
            );
        }
        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(matches!(
            found(&damaged)[1],
            Found::Hole(Hole {
                unfinished: false,
                ..
            })
        ));
    }
}
