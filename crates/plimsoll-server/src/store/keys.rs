//! Sorted series keys of a run, in one piece of memory.

use super::column::zstd_level;
use super::numbers::Effort;
use super::wire::{self, Decoded, Malformed, Reader};

/// Series keys in ascending order. The place of a key is its *rank*.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Keys {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The key of a rank.
    pub fn key(&self, rank: u32) -> &[u8] {
        let rank = rank as usize;
        let start = rank
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[rank] as usize]
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).map(|rank| self.key(rank))
    }

    /// The rank of a key.
    pub fn rank(&self, key: &[u8]) -> Option<u32> {
        let (mut low, mut high) = (0, self.ends.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.key(middle).cmp(key) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// Adds a key that is not before the last; tells its rank.
    pub(crate) fn push(&mut self, key: &[u8]) -> u32 {
        let last = self.ends.len().checked_sub(1).map(|last| last as u32);
        if let Some(last) = last.filter(|&last| self.key(last) == key) {
            return last;
        }
        self.bytes.extend_from_slice(key);
        self.ends
            .push(u32::try_from(self.bytes.len()).expect("a run has less than 4 GB of keys"));
        self.ends.len() as u32 - 1
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let mut plain = Vec::with_capacity(self.bytes.len() + self.ends.len());
        for key in self.iter() {
            wire::put_bytes(&mut plain, key);
        }
        wire::put_varint(out, self.ends.len() as u64);
        wire::put_packed(out, &plain, zstd_level(Effort::Small));
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Decoded<Keys> {
        let count = reader.varint()?;
        let plain = reader.packed()?;
        let mut plain = Reader::new(&plain);
        let mut keys = Keys::default();
        for _ in 0..count {
            let key = plain.bytes()?;
            if keys.push(key) as usize + 1 != keys.len() {
                return Err(Malformed("order of keys"));
            }
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_and_are_found() {
        let mut keys = Keys::default();
        for n in 0..500 {
            assert_eq!(keys.push(format!("cpu\0host\0{n:04}\0").as_bytes()), n);
        }
        assert_eq!(keys.push(b"cpu\x00host\x000499\x00"), 499);
        let mut bytes = Vec::new();
        keys.put(&mut bytes);
        let back = Keys::read(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(back, keys);
        assert_eq!(back.rank(b"cpu\x00host\x000123\x00"), Some(123));
        assert_eq!(back.rank(b"cpu\0host\0x"), None);
    }
}
