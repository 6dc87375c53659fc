//! Weights: what training made of the signals' priors, and the statistics over words.

use thiserror::Error;

/// Why a model cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ModelError {
    /// It is no model, or damaged; the text says what was seen.
    #[error("this is no usable spam model: {0}")]
    Damaged(String),
}

/// A model. The default one knows the signals' priors alone.
#[derive(Debug, Clone, Default)]
pub struct Model {}
