# SPDX-License-Identifier: Apache-2.0
"""The sockets that a runtime connects to: the console socket, whose reader takes terminals, and a seccomp agent's, which answers what listeners tell."""
import array
import collections
import contextlib
import errno
import fcntl
import json
import os
import select
import socket
import struct
import threading

# ioctl(2) with struct seccomp_notif and seccomp_notif_resp.
SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND, NOTIFICATION, ANSWER = 0xc0502100, 0xc0182101, 80, 'QqiI'
# The agent's answer, which no filter of the scenarios gives.
REFUSED = errno.ENOTUNIQ


class Listeners:
    """A thread serves them. What has come since begin() is counted; left() says what of it is still open."""

    def __init__(self, folder, out):
        self.out = out # where the output of terminals goes
        self.console, self.agent = folder / 'console', folder / 'agent'
        self.lock = threading.Lock()
        self.open = {}  # descriptor: (what it is, what takes its input)
        self.begin()
        for path, welcome in ((self.console, self.take_terminal), (self.agent, self.take_state)):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            path.chmod(0o666)
            listener.listen()
            self.open[listener.detach()] = 'socket', welcome
        threading.Thread(target=self.serve, daemon=True).start()

    def begin(self):
        """What an earlier point has left open is no longer heard."""
        with self.lock:
            for fd in [fd for fd, (kind, _) in self.open.items() if kind != 'socket']:
                self.close(fd)
            self.terminals, self.states, self.answers = 0, [], 0

    def close(self, fd):
        del self.open[fd]
        os.close(fd)

    def serve(self):
        while True:
            with self.lock:
                poll = self.poll()
            # What is new meanwhile is heard a moment later.
            poll.poll(10)
            self.settle()

    def poll(self):
        poll = select.poll()
        for fd in self.open:
            poll.register(fd, select.POLLIN)
        return poll

    def settle(self):
        """Takes all that has come."""
        with self.lock:
            while self.take_turn():
                pass

    def take_turn(self):
        ready = self.poll().poll(0)
        for fd, events in ready:
            self.open[fd][1](fd, events)
        return ready

    @staticmethod
    def receive(fd):
        """The bytes and descriptors of the next message."""
        descriptors = array.array('i')
        with socket.socket(fileno=os.dup(fd)) as connection:
            data, control, _, _ = connection.recvmsg(1 << 16, socket.CMSG_LEN(8 * descriptors.itemsize), socket.MSG_CMSG_CLOEXEC)
        for level, kind, words in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(words)
        return data, list(descriptors)

    @staticmethod
    def accept(fd):
        with socket.socket(fileno=os.dup(fd)) as listener:
            return listener.accept()[0].detach()

    # --- terminals

    def take_terminal(self, listener, _):
        self.open[self.accept(listener)] = 'connection to the console socket', self.read_console

    def read_console(self, fd, _):
        data, descriptors = self.receive(fd)
        for terminal in descriptors:
            self.terminals += 1
            self.open[terminal] = 'terminal', self.read_terminal
        if not data:
            self.close(fd)

    def read_terminal(self, fd, _):
        """EIO: no process has the terminal open."""
        try:
            data = os.read(fd, 1 << 16)
        except OSError:
            self.close(fd)
            return
        with open(self.out, 'ab') as out:
            out.write(data.replace(b'\r\n', b'\n'))

    # --- the seccomp agent

    def take_state(self, listener, _):
        text = []
        self.open[self.accept(listener)] = 'connection to the agent', lambda fd, _: self.read_state(fd, text)

    def read_state(self, fd, text):
        data, descriptors = self.receive(fd)
        for one in descriptors:
            self.open[one] = 'seccomp listener', self.answer
        if data:
            text.append((data, len(descriptors)))
            return
        self.states.append((b''.join(part for part, _ in text).decode(errors='replace'), sum(count for _, count in text)))
        self.close(fd)

    def answer(self, fd, events):
        """POLLHUP: no process is under the filter."""
        if not events & select.POLLIN:
            self.close(fd)
            return
        # Who is killed waits no more.
        with contextlib.suppress(OSError):
            call = bytearray(NOTIFICATION)
            fcntl.ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, call)
            identifier, = struct.unpack_from('Q', call)
            fcntl.ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, struct.pack(ANSWER, identifier, 0, -REFUSED, 0))
            self.answers += 1

    # --- what came, and what is left

    def seen(self):
        self.settle()
        seen = {'terminals': str(self.terminals), 'agent/states': str(len(self.states)), 'agent/answers': str(self.answers)}
        for number, (text, count) in enumerate(self.states):
            seen[f'agent/{number}/descriptors'] = str(count)
            with contextlib.suppress(ValueError):
                state = json.loads(text)
                seen[f'agent/{number}/names'] = ' '.join(state['fds'])
                seen[f'agent/{number}/status'] = f'{state["state"]["id"]} {state["state"]["status"]}'
        return seen

    def still_open(self):
        """How many of each kind."""
        self.settle()
        with self.lock:
            return {f'open/{kind}': str(count) for kind, count in collections.Counter(kind for kind, _ in self.open.values()).items()}

    def left(self):
        return next((f'a {key.removeprefix("open/")} is left open' for key in self.still_open() if key != 'open/socket'), '')
