//! The same frames without a runtime, for a cell: one thread, one descriptor, no system call but
//! receive and send.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::link::{Inbox, receive_once};
use crate::{IpcError, frame, limits};

/// A blocking connection over a connected Unix stream socket.
pub struct Channel {
    stream: UnixStream,
    inbox: Inbox,
    descriptors: VecDeque<OwnedFd>,
    outgoing: Vec<u8>,
}

fn system(deed: &'static str) -> impl FnOnce(io::Error) -> IpcError {
    move |source| IpcError::System { deed, source }
}

impl Channel {
    /// A channel over this socket.
    ///
    /// # Errors
    /// The kernel's, when the descriptor is no socket.
    pub fn new(socket: OwnedFd) -> Result<Self, IpcError> {
        let stream = UnixStream::from(socket);
        stream.set_nonblocking(false).map_err(system("making a socket blocking"))?;
        Ok(Channel {
            stream,
            inbox: Inbox::default(),
            descriptors: VecDeque::new(),
            outgoing: Vec::new(),
        })
    }

    /// Waits for the next message; `None` when the peer has closed.
    ///
    /// # Errors
    /// A frame over `limit` octets or no frame at all, or the kernel's error.
    pub fn receive<R: DeserializeOwned>(
        &mut self,
        limit: usize,
    ) -> Result<Option<(R, Vec<OwnedFd>)>, IpcError> {
        loop {
            let rest = self.inbox.octets();
            if let Some(found) = frame::find(rest, limit)? {
                if self.descriptors.len() < found.descriptors {
                    return Err(IpcError::MissingDescriptors);
                }
                let value = frame::decode(rest.get(..found.octets).unwrap_or_default())?;
                self.inbox.take(found.octets);
                return Ok(Some((value, self.descriptors.drain(..found.descriptors).collect())));
            }
            let read = receive_once(&self.stream, &mut self.inbox, &mut self.descriptors);
            match read {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(system("receiving a job")(error)),
            }
        }
    }

    /// Sends one message, waiting until it is handed to the kernel.
    ///
    /// # Errors
    /// A message over the frame limit, or the kernel's error.
    pub fn send<S: Serialize>(
        &mut self,
        message: &S,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(), IpcError> {
        self.outgoing.clear();
        frame::encode(&mut self.outgoing, message, descriptors.len())?;
        let mut at = 0;
        let mut carried = descriptors;
        while at < self.outgoing.len() {
            let octets = self.outgoing.get(at..).unwrap_or_default();
            match send_once(&self.stream, octets, carried) {
                Ok(sent) => {
                    at += sent;
                    carried = &[];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(system("sending an answer")(error)),
            }
        }
        Ok(())
    }
}

fn send_once(
    stream: &UnixStream,
    octets: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space =
        [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(limits::DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let slices = [io::IoSlice::new(octets)];
    Ok(sendmsg(stream.as_fd(), &slices, &mut control, SendFlags::NOSIGNAL)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::{Answer, Job};
    use std::io::Write;

    fn pair() -> (Channel, Channel) {
        let (left, right) = UnixStream::pair().unwrap();
        (Channel::new(left.into()).unwrap(), Channel::new(right.into()).unwrap())
    }

    #[test]
    fn jobs_travel_with_their_descriptor() {
        let (mut queue, mut cell) = pair();
        let body = crate::sealed_memory(b"body").unwrap();
        let output = crate::empty_memory().unwrap();
        let job = Job::Amend { job: 3, amendments: Vec::new() };
        queue.send(&job, &[body.as_fd(), output.as_fd()]).unwrap();
        let (got, descriptors) = cell.receive::<Job>(1000).unwrap().unwrap();
        assert_eq!(got, job);
        assert_eq!(descriptors.len(), 2);
    }

    #[test]
    fn a_closed_peer_is_the_end() {
        let (queue, mut cell) = pair();
        drop(queue);
        assert!(cell.receive::<Job>(1000).unwrap().is_none());
    }

    #[test]
    fn an_answer_over_the_limit_is_an_error() {
        let (mut queue, mut cell) = pair();
        let answer = Answer::Failed { job: 1, because: "x".repeat(2000) };
        cell.send(&answer, &[]).unwrap();
        assert!(matches!(queue.receive::<Answer>(1000), Err(IpcError::Frame(_))));
    }

    #[test]
    fn garbage_is_an_error() {
        let (left, right) = UnixStream::pair().unwrap();
        let mut queue = Channel::new(left.into()).unwrap();
        (&right).write_all(&[3, 0, 0, 0, 0, 99, 99, 99]).unwrap();
        assert!(queue.receive::<Answer>(1000).is_err());
    }
}
