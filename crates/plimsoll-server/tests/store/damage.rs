//! Flipped bits and zeroed pages.
