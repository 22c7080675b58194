//! From a matched path to a route's number without hashing it.

use hashbrown::HashMap;

use super::series::RouteId;
#[cfg(feature = "axum")]
use super::series::spread;
use super::shared::Shared;

/// Number of requests that no route matched.
pub(crate) const UNMATCHED: RouteId = 0;
/// Number of all routes beyond the bound.
pub(crate) const OTHER: RouteId = 1;

#[cfg(feature = "axum")]
const SLOTS: usize = 64;

/// One thread's memory of the routes it saw.
#[derive(Default)]
pub(crate) struct RouteCache {
    /// By the address of the matched path. A slot holds on to its path, so an address stands for the same content as
    /// long as the slot lives, and no comparison of the content is needed.
    #[cfg(feature = "axum")]
    by_address: Vec<Option<(axum::extract::MatchedPath, RouteId)>>,
    /// By content: nested routers make a new matched path for each request.
    by_content: HashMap<Box<str>, RouteId, foldhash::fast::FixedState>,
}

impl RouteCache {
    /// The number of a matched path, and whether it is the route's own.
    #[cfg(feature = "axum")]
    #[inline]
    pub(crate) fn resolve_matched(
        &mut self,
        path: &axum::extract::MatchedPath,
        shared: &Shared,
    ) -> RouteId {
        let address = path.as_str().as_ptr() as usize;
        if let Some(Some((held, route))) = self.by_address.get(slot(address))
            && held.as_str().as_ptr() as usize == address
        {
            return *route;
        }
        self.remember(path, shared)
    }

    #[cfg(feature = "axum")]
    #[cold]
    fn remember(&mut self, path: &axum::extract::MatchedPath, shared: &Shared) -> RouteId {
        let route = self.resolve(path.as_str(), shared);
        if self.by_address.is_empty() {
            self.by_address.resize_with(SLOTS, || None);
        }
        let at = slot(path.as_str().as_ptr() as usize);
        self.by_address[at] = Some((path.clone(), route));
        route
    }

    /// The number of a route by its content.
    pub(crate) fn resolve(&mut self, path: &str, shared: &Shared) -> RouteId {
        if let Some(&route) = self.by_content.get(path) {
            return route;
        }
        let (number, is_own) = shared.routes.number(path);
        let route = RouteId::try_from(number).unwrap_or(OTHER);
        if is_own {
            self.by_content.insert(path.into(), route);
        }
        route
    }
}

/// Arcs of routes lie 16 bytes apart at least; the multiplication spreads what is left.
#[cfg(feature = "axum")]
#[inline]
fn slot(address: usize) -> usize {
    (spread(address as u64 >> 4) >> (64 - SLOTS.trailing_zeros())) as usize
}
