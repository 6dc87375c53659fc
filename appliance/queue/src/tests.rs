//! queue over its real sockets, with every peer played by the test.

mod alone;
mod delivering;
mod house;
mod keeping;
mod learning;
mod million;
mod operating;
mod outfits;
mod scanning;
mod storm;
