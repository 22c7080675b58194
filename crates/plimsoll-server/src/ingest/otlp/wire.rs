//! Messages of protobuf read where they lie: field by field, without a copy.

/// A field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// A text, bytes, or another message.
    Bytes(&'a [u8]),
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoMessage;

/// The fields of a message in the order in which they lie there, each with its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), NoMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read().ok_or(NoMessage);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Option<(u64, Field<'a>)> {
        let bytes = &mut self.0;
        let key = varint(bytes)?;
        let field = match key & 7 {
            0 => Field::Varint(varint(bytes)?),
            1 => Field::Fixed64(u64::from_le_bytes(take(bytes, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(bytes)?).ok()?;
                Field::Bytes(take(bytes, length)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?)),
            _ => return None,
        };
        (key >> 3 != 0).then_some((key >> 3, field))
    }
}

/// A text of a message.
pub(super) fn text(bytes: &[u8]) -> Result<&str, NoMessage> {
    std::str::from_utf8(bytes).map_err(|_| NoMessage)
}

/// The messages of a field of `bytes`.
pub(super) fn messages(
    bytes: &[u8],
    number: u64,
) -> impl Iterator<Item = Result<&[u8], NoMessage>> {
    Fields(bytes).filter_map(move |field| match field {
        Ok((found, Field::Bytes(message))) if found == number => Some(Ok(message)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// A number of up to ten bytes.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    if let [byte, rest @ ..] = *bytes
        && *byte < 0x80
    {
        *bytes = rest;
        return Some(u64::from(*byte));
    }
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The next `count` bytes.
pub(super) fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_kind_are_read_and_what_is_cut_off_is_no_message() {
        let bytes = [
            0x08, 0x96, 0x01, // 1: 150
            0x12, 0x02, b'h', b'i', // 2: "hi"
            0x19, 1, 0, 0, 0, 0, 0, 0, 0, // 3: fixed64 1
            0x25, 2, 0, 0, 0, // 4: fixed32 2
        ];
        let expected = [
            (1, Field::Varint(150)),
            (2, Field::Bytes(b"hi")),
            (3, Field::Fixed64(1)),
            (4, Field::Fixed32(2)),
        ];
        let read: Result<Vec<_>, _> = Fields(&bytes).collect();
        assert_eq!(read, Ok(expected.to_vec()));
        for cut in [1, 2, 4, 6, 8, 17] {
            let read: Result<Vec<_>, _> = Fields(&bytes[..cut]).collect();
            assert_eq!(read, Err(NoMessage), "{cut}");
        }
        // A length beyond any memory, a number of eleven bytes, a group, field 0.
        for bytes in [
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f][..],
            &[0x08; 1],
            &[0x0b],
            &[0x00, 0x01],
        ] {
            assert!(Fields(bytes).any(|field| field.is_err()), "{bytes:?}");
        }
    }
}
