//! The files of the built page, embedded with their compressed forms.

/// A file of the page.
#[derive(Debug)]
pub struct File {
    /// Below the page's root, without a slash at the start.
    pub path: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// With brotli, where that is smaller.
    pub brotli: Option<&'static [u8]>,
    /// With gzip, where that is smaller.
    pub gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// The file at a path.
pub fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

impl File {
    /// What the browser takes it for; told by the name's extension.
    pub fn content_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("woff2") => "font/woff2",
            Some("json") => "application/json",
            Some("txt") => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }
}
