//! An answer that has to end in time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use kube::client::Body;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::BoxError;

use super::NoAnswer;

/// The body of an answer; it fails if it has not ended in time.
pub(super) struct Limited {
    body: Body,
    end: Option<Pin<Box<Sleep>>>,
}

impl Limited {
    /// This body, until then; for ever if there is no end.
    pub(super) fn new(body: Body, deadline: Option<Instant>) -> Self {
        Self { body, end: deadline.map(|deadline| Box::pin(sleep_until(deadline))) }
    }
}

impl HttpBody for Limited {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)));
        }
        let Some(end) = &mut self.end else { return Poll::Pending };
        ready!(end.as_mut().poll(cx));
        Poll::Ready(Some(Err(NoAnswer.into())))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
