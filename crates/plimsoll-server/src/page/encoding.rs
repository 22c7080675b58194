//! Which compressed form of a file a browser takes.

use axum::http::{HeaderMap, header};

use super::files::File;

/// The smallest form that is taken, and the name of its encoding; `None`: as it is.
pub(super) fn smallest(file: &File, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let forms = [(file.brotli, "br"), (file.gzip, "gzip")];
    forms
        .into_iter()
        .find_map(|(form, name)| Some((form.filter(|_| takes(headers, name))?, Some(name))))
        .unwrap_or((file.plain, None))
}

/// Whether `Accept-Encoding` names the encoding, and not with a weight of nothing.
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, "q=1"));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            name.trim().eq_ignore_ascii_case(encoding)
                && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: File = File {
        path: "assets/a.js",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gzip"),
    };

    fn form(accepted: &str) -> &'static [u8] {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCEPT_ENCODING,
            accepted.parse().expect("a header value"),
        );
        smallest(&FILE, &headers).0
    }

    #[test]
    fn a_browser_gets_the_smallest_form_that_it_takes() {
        assert_eq!(form("gzip, deflate, br, zstd"), b"br");
        assert_eq!(form("gzip;q=0.5, br;q=0"), b"gzip");
        assert_eq!(form("identity"), b"plain");
        assert_eq!(form("brotli"), b"plain");
        assert_eq!(smallest(&FILE, &HeaderMap::new()), (FILE.plain, None));
    }
}
