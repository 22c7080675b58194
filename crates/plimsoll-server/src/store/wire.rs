//! Bytes in and out: variable-length numbers, texts, compressed runs. Reading trusts nothing.

use std::cell::RefCell;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {0}")]
pub struct Malformed(pub &'static str);

/// What most of the decoders give.
pub(crate) type Decoded<T> = Result<T, Malformed>;

/// The longest run of bytes that is unpacked at once.
const MAX_UNPACKED: usize = 256 << 20;

pub(crate) fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(crate) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_varint(out, ((number << 1) ^ (number >> 63)) as u64);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Length, packed length (0: not packed), bytes.
pub(crate) fn put_packed(out: &mut Vec<u8>, bytes: &[u8], level: i32) {
    PLAIN.with_borrow_mut(|packer| packer.put(out, bytes, level));
}

/// One bit per entry.
pub(crate) fn put_bits(out: &mut Vec<u8>, bits: &[bool], level: i32) {
    let bytes: Vec<u8> = bits
        .chunks(8)
        .map(|chunk| {
            chunk
                .iter()
                .enumerate()
                .fold(0, |byte, (at, &bit)| byte | (u8::from(bit) << at))
        })
        .collect();
    put_packed(out, &bytes, level);
}

thread_local! {
    static PLAIN: RefCell<Packer> = const { RefCell::new(Packer::new(&[])) };
}

/// Packs and unpacks runs of bytes by zstd, with a dictionary of what they are likely to hold.
pub(crate) struct Packer {
    dictionary: &'static [u8],
    /// With its level.
    compressor: Option<(i32, zstd::bulk::Compressor<'static>)>,
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
}

impl Packer {
    pub(crate) const fn new(dictionary: &'static [u8]) -> Packer {
        Packer {
            dictionary,
            compressor: None,
            decompressor: None,
        }
    }

    /// As [`put_packed`].
    pub(crate) fn put(&mut self, out: &mut Vec<u8>, bytes: &[u8], level: i32) {
        put_varint(out, bytes.len() as u64);
        let packed = if bytes.len() < 32 {
            Vec::new()
        } else {
            self.pack(bytes, level)
        };
        if packed.is_empty() || packed.len() >= bytes.len() {
            put_varint(out, 0);
            out.extend_from_slice(bytes);
        } else {
            put_varint(out, packed.len() as u64);
            out.extend_from_slice(&packed);
        }
    }

    /// Empty when there was no memory for it: the caller then keeps the bytes as they are.
    fn pack(&mut self, bytes: &[u8], level: i32) -> Vec<u8> {
        let (dictionary, slot) = (self.dictionary, &mut self.compressor);
        if slot.as_ref().is_none_or(|(of, _)| *of != level) {
            *slot = zstd::bulk::Compressor::with_dictionary(level, dictionary)
                .ok()
                .map(|compressor| (level, compressor));
        }
        slot.as_mut()
            .and_then(|(_, compressor)| compressor.compress(bytes).ok())
            .unwrap_or_default()
    }

    /// What [`Packer::put`] wrote, with the same dictionary.
    pub(crate) fn read(&mut self, reader: &mut Reader<'_>) -> Decoded<Vec<u8>> {
        let length = reader.count(MAX_UNPACKED)?;
        match reader.count(reader.rest.len())? {
            0 => Ok(reader.take(length)?.to_vec()),
            packed => self.unpack(reader.take(packed)?, length),
        }
    }

    fn unpack(&mut self, bytes: &[u8], length: usize) -> Decoded<Vec<u8>> {
        if self.decompressor.is_none() {
            self.decompressor = zstd::bulk::Decompressor::with_dictionary(self.dictionary).ok();
        }
        self.decompressor
            .as_mut()
            .and_then(|decompressor| decompressor.decompress(bytes, length).ok())
            .filter(|plain| plain.len() == length)
            .ok_or(Malformed("compressed bytes"))
    }
}

/// Takes bytes from the front, and never more than there are.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn byte(&mut self) -> Decoded<u8> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Malformed("length"))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn varint(&mut self) -> Decoded<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed("number"))
    }

    pub(crate) fn signed(&mut self) -> Decoded<i64> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A number of things, at most `most`.
    pub(crate) fn count(&mut self, most: usize) -> Decoded<usize> {
        usize::try_from(self.varint()?)
            .ok()
            .filter(|&count| count <= most)
            .ok_or(Malformed("count"))
    }

    pub(crate) fn bytes(&mut self) -> Decoded<&'a [u8]> {
        let length = self.count(self.rest.len())?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Decoded<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("text"))
    }

    pub(crate) fn packed(&mut self) -> Decoded<Vec<u8>> {
        PLAIN.with_borrow_mut(|packer| packer.read(self))
    }

    pub(crate) fn bits(&mut self, count: usize) -> Decoded<Vec<bool>> {
        let bytes = self.packed()?;
        if bytes.len() != count.div_ceil(8) {
            return Err(Malformed("bits"));
        }
        Ok((0..count)
            .map(|at| bytes[at / 8] >> (at % 8) & 1 == 1)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_read(number: u64, signed: i64, bytes: Vec<u8>, bits: Vec<bool>) {
            let mut out = Vec::new();
            put_varint(&mut out, number);
            put_signed(&mut out, signed);
            put_packed(&mut out, &bytes.repeat(5), 1);
            put_bits(&mut out, &bits, 1);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.varint(), Ok(number));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.packed(), Ok(bytes.repeat(5)));
            prop_assert_eq!(reader.bits(bits.len()), Ok(bits));
            prop_assert!(reader.rest().is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = Reader::new(&bytes).packed();
            let _ = Reader::new(&bytes).text();
            let _ = Reader::new(&bytes).bits(9);
        }
    }
}
