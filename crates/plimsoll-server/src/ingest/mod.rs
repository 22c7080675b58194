//! Ways by which rows come in.
