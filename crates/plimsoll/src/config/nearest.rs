//! What somebody may have meant.

/// The one of `known` that is most like `name`, if any is like it at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, nearest) = known
        .into_iter()
        .map(|other| (distance(name, other), other))
        .min()?;
    (distance * 3 <= name.len()).then_some(nearest)
}

/// Insertions, deletions and replacements of bytes that turn one into the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("flaw", "lawn"), 2);
    }

    #[test]
    fn a_name_unlike_all_has_no_nearest() {
        assert_eq!(
            nearest("PLIMSOLL_PROFIL", ["PLIMSOLL_PROFILE", "PLIMSOLL_DATA"]),
            Some("PLIMSOLL_PROFILE")
        );
        assert_eq!(nearest("ab", ["xyz"]), None);
        assert_eq!(nearest("ab", []), None);
    }
}
