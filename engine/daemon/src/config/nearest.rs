//! The known word a mistyped one most likely stands for.

/// The nearest of `known`, if any is near enough to be meant: at most a third of its letters wrong (one at least).
#[must_use]
pub fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.into_iter().map(|word| (distance(text, word), word)).min_by_key(|(distance, _)| *distance)?;
    let (distance, word) = near;
    (distance <= (word.chars().count() / 3).max(1)).then_some(word)
}

/// Letters to insert, remove, replace or swap with their neighbour to get from one text to the other (optimal string
/// alignment distance), ignoring case.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.to_lowercase().chars().collect();
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut before_last = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = vec![i; to.len() + 1];
        for j in 1..=to.len() {
            let replaced = last[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = last;
        last = row;
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["depth", "timeframes", "instance", "top"];
        for (text, expect) in [
            ("dpeth", Some("depth")),
            ("Depth", Some("depth")),
            ("timeframe", Some("timeframes")),
            ("instanec", Some("instance")),
            ("tpo", Some("top")),
            ("symbols", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, known), expect, "{text}");
        }
        assert_eq!(nearest("word", []), None);
    }

    #[test]
    fn counts_edits() {
        for (from, to, edits) in [("kitten", "sitting", 3), ("ab", "ba", 1), ("", "abc", 3), ("same", "same", 0)] {
            assert_eq!(distance(from, to), edits, "{from} {to}");
            assert_eq!(distance(to, from), edits, "{to} {from}");
        }
    }
}
